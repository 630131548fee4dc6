package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Scopes of notes: the store's own, and those of the desk.
const (
	scopeStore = "store"
	scopeDesk  = "desk"
)

// Facts that the store keeps about itself.
const (
	factAlive = "alive" // the loop ran
	factClean = "clean" // "yes" after an orderly stop
	factProbe = "probe" // written by Writable
)

func (t *tx) note(ctx context.Context, scope, key, value string) error {
	_, err := t.exec(ctx, `INSERT INTO note (scope, key, value, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value, at = excluded.at`, scope, key, value, micro(t.now))
	if err != nil {
		return fmt.Errorf("note %s: %w", key, err)
	}
	return nil
}

func (s *Store) noted(ctx context.Context, scope, key string) (value string, at time.Time, err error) {
	var n int64
	err = s.readers.QueryRowContext(ctx, `SELECT value, at FROM note WHERE scope = $1 AND key = $2`, scope, key).Scan(&value, &n)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", time.Time{}, fmt.Errorf("read note %s: %w", key, err)
	}
	return value, fromMicro(n), nil
}

// Note keeps a small fact about Mayday itself.
func (s *Store) Note(ctx context.Context, key, value string) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error { return t.note(ctx, scopeDesk, key, value) })
}

// Noted answers such a fact and when it was noted; zero values when it never
// was.
func (s *Store) Noted(ctx context.Context, key string) (value string, at time.Time, err error) {
	return s.noted(ctx, scopeDesk, key)
}

// keepOnce is how long a name is remembered: as long as event ids (PROMISES,
// threat 2).
const keepOnce = 30 * 24 * time.Hour

// Once reports whether this name comes for the first time, and remembers it.
func (s *Store) Once(ctx context.Context, name string) (first bool, err error) {
	err = s.writeNow(ctx, func(ctx context.Context, t *tx) error {
		n, err := t.exec(ctx, `INSERT INTO once (name, at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, micro(t.now))
		if err != nil {
			return fmt.Errorf("remember a name: %w", err)
		}
		first = n > 0
		return nil
	})
	return first, err
}

// Forget makes a name new again.
func (s *Store) Forget(ctx context.Context, name string) error {
	return s.writeNow(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.exec(ctx, `DELETE FROM once WHERE name = $1`, name); err != nil {
			return fmt.Errorf("forget a name: %w", err)
		}
		return nil
	})
}

// Alive records that the loop runs, for telling how long Mayday was away.
func (s *Store) Alive(ctx context.Context) error {
	return s.write(ctx, func(ctx context.Context, t *tx) error { return t.note(ctx, scopeStore, factAlive, "") })
}

// readAway finds out since when nobody worked: when a process was last alive.
func (s *Store) readAway(ctx context.Context) error {
	_, last, err := s.noted(ctx, scopeStore, factAlive)
	if err != nil {
		return unavailable(err)
	}
	now, err := s.now(ctx)
	if err != nil {
		return unavailable(err)
	}
	if !last.IsZero() && now.After(last) {
		s.away = incident.Away{From: last, To: now}
	}
	return nil
}

// begin takes over what the last process left. A disk that is full stops nobody
// from starting: deliveries are answered 503 then, and what has to be written is
// written when there is room, in the background.
func (s *Store) begin(ctx, background context.Context) error {
	if err := s.readAway(ctx); err != nil {
		return err
	}
	if s.lock != nil {
		if err := s.readers.QueryRowContext(ctx, `SELECT value FROM counter WHERE name = 'term'`).Scan(&s.lastTerm); err != nil {
			return unavailable(err)
		}
		s.running.Go(func() { s.room.run(background) })
		clean, began, err := s.noted(ctx, scopeStore, factClean)
		if err != nil {
			return unavailable(err)
		}
		if !began.IsZero() && clean != "yes" {
			s.checked.Go(func() { s.check(background) })
		}
	}
	err := s.takeOver(ctx)
	if !fault.Is(err, fault.Unavailable) || s.lock == nil {
		return err
	}
	s.log.Error("started, but storage cannot be written", "err", err)
	s.running.Go(func() { s.takeOverLater(background) })
	return nil
}

// againAfter is how soon a start that could not write tries again.
const againAfter = time.Second

func (s *Store) takeOverLater(ctx context.Context) {
	tick := time.NewTicker(againAfter)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := s.takeOver(ctx); err == nil {
				return
			}
		}
	}
}

// takeOver frees the leases of a process that is dead, and does what is due at a
// start.
func (s *Store) takeOver(ctx context.Context) error {
	err := s.write(ctx, func(ctx context.Context, t *tx) error {
		if _, err := t.exec(ctx, `DELETE FROM once WHERE at < $1`, micro(t.now.Add(-keepOnce))); err != nil {
			return fmt.Errorf("forget old names: %w", err)
		}
		if s.lock == nil {
			return nil // others may be alive; leases run out by themselves
		}
		// The lock on the directory proves that whoever held a lease is dead.
		if _, err := t.exec(ctx, `UPDATE wake SET lease_until = 0 WHERE lease_until <> 0 AND term <= $1`, s.lastTerm); err != nil {
			return fmt.Errorf("free leases: %w", err)
		}
		return t.note(ctx, scopeStore, factClean, "no")
	})
	if err != nil {
		return err
	}
	return s.joinPlatforms(ctx)
}

// end notes an orderly stop. A loop that ran was alive until now.
func (s *Store) end(ctx context.Context) error {
	_, ran, err := s.noted(ctx, scopeStore, factAlive)
	if err != nil {
		return err
	}
	return s.write(ctx, func(ctx context.Context, t *tx) error {
		if !ran.IsZero() {
			if err := t.note(ctx, scopeStore, factAlive, ""); err != nil {
				return err
			}
		}
		return t.note(ctx, scopeStore, factClean, "yes")
	})
}

// check looks at the whole file: an unclean stop is harmless to SQLite, but the
// disk below it may have lied.
func (s *Store) check(ctx context.Context) {
	var found string
	err := s.readers.QueryRowContext(ctx, quickCheck).Scan(&found)
	if ctx.Err() != nil {
		return
	}
	if err == nil && found != "ok" {
		err = fmt.Errorf("check storage: %s", found)
	}
	if err != nil {
		s.log.Error("storage is damaged", "err", err)
		s.damage.Store(&err)
		return
	}
	s.log.Info("storage is sound after an unclean stop")
}

// Writable proves that a write reaches the disk, for readiness.
func (s *Store) Writable(ctx context.Context) error {
	if damage := s.damage.Load(); damage != nil {
		return unavailable(*damage)
	}
	return s.writeNow(ctx, func(ctx context.Context, t *tx) error { return t.note(ctx, scopeStore, factProbe, "") })
}
