package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"mayday/internal/fault"
)

// Secrets that Mayday makes for itself: the key of the seals, and those of the
// desk. All processes that use one store have the same.

const keyBytes = 32

// Secret answers a random key of this name, made when it is first asked for. On
// SQLite it is a file in the data directory, on Postgres a row.
func (s *Store) Secret(ctx context.Context, name string) ([]byte, error) {
	if s.lock != nil {
		return keyFile(filepath.Join(s.dir, name+".key"))
	}
	return s.keyRow(ctx, name)
}

func newKey() []byte {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // crypto/rand never fails since Go 1.24
	return key
}

// keyFile reads a key, or makes it, once. It is complete on the disk before it has
// its name, so that no crash leaves half a key behind.
func keyFile(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) == keyBytes:
		return key, nil
	case err == nil:
		return nil, fault.Newf(fault.Unavailable, "E26", "%s is damaged: it has %d bytes and needs %d.", path, len(key), keyBytes).
			WithHint("Put it back from a backup; without it no seal can be checked.")
	case !errors.Is(err, fs.ErrNotExist):
		return nil, unavailable(fmt.Errorf("read key: %w", err))
	}
	key = newKey()
	if err := writeSynced(path, key); err != nil {
		return nil, unavailable(fmt.Errorf("write key: %w", err))
	}
	return key, nil
}

// scopeSecret holds keys; factSeal is what the first process noted of the one
// that it was given.
const (
	scopeSecret = "secret"
	factSeal    = "seal"
)

// keyRow reads a key, or makes it. Of two processes that start together the first
// one's counts.
func (s *Store) keyRow(ctx context.Context, name string) ([]byte, error) {
	text, err := s.noteOnce(ctx, scopeSecret, name, hex.EncodeToString(newKey()))
	if err != nil {
		return nil, unavailable(err)
	}
	key, err := hex.DecodeString(text)
	if err != nil || len(key) != keyBytes {
		return nil, fault.Newf(fault.Unavailable, "E26", "The key %s in the database is damaged.", name).
			WithHint("Put it back from a backup; without it no seal can be checked.")
	}
	return key, nil
}

// sealKey is the key of the seals on Postgres. One that is configured is out of
// reach of whoever can only write to the database; the database keeps its
// fingerprint, so that all processes, and all runs, have the same one.
func (s *Store) sealKey(ctx context.Context, configured string) ([]byte, error) {
	if configured == "" {
		known, _, err := s.noted(ctx, scopeStore, factSeal)
		if err != nil {
			return nil, unavailable(err)
		}
		if known != "" {
			return nil, fault.New(fault.Invalid, "E24", "This database was sealed with a key that is not configured.", "Set `store.seal_key` to it again.")
		}
		return s.keyRow(ctx, "audit")
	}
	if len(configured) < keyBytes {
		return nil, fault.Newf(fault.Invalid, "E24", "`store.seal_key` is too short: it needs at least %d bytes.", keyBytes)
	}
	if kept, _, err := s.noted(ctx, scopeSecret, "audit"); err != nil || kept != "" {
		if err != nil {
			return nil, unavailable(err)
		}
		return nil, fault.New(fault.Invalid, "E24", "This database has seals made with its own key, `store.seal_key` cannot check them.",
			"Leave it out, or begin with an empty database.")
	}
	key := sha256.Sum256([]byte("mayday seal key " + configured))
	print := sha256.Sum256(key[:])
	known, err := s.noteOnce(ctx, scopeStore, factSeal, hex.EncodeToString(print[:8]))
	if err != nil {
		return nil, unavailable(err)
	}
	if known != hex.EncodeToString(print[:8]) {
		return nil, fault.New(fault.Invalid, "E24", "`store.seal_key` is not the key that this database was sealed with.", "Give every process the same one, the first one.")
	}
	return key[:], nil
}

// noteOnce notes a fact unless it is noted, and answers what is.
func (s *Store) noteOnce(ctx context.Context, scope, key, value string) (kept string, err error) {
	err = s.writeNow(ctx, func(ctx context.Context, t *tx) error {
		_, err := t.exec(ctx, `INSERT INTO note (scope, key, value, at) VALUES ($1, $2, $3, $4) ON CONFLICT (scope, key) DO NOTHING`,
			scope, key, value, micro(t.now))
		if err != nil {
			return fmt.Errorf("note %s: %w", key, err)
		}
		_, err = t.scan(ctx, `SELECT value FROM note WHERE scope = $1 AND key = $2`, []any{scope, key}, &kept)
		return err
	})
	return kept, err
}
