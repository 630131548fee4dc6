package bot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// A destination that is gone is said elsewhere, and the others go on. Nothing is
// thrown away: what cannot be posted waits, and goes out in order once somebody
// has let the bot in again (E2).

// lost decides what becomes of a message whose destination is gone.
func (v *delivery) lost(ctx context.Context, f *chat.Failure) error {
	if !f.Stands {
		if err := v.unsent(ctx); err != nil {
			return err
		}
	}
	v.d.Log.Warn("destination lost", "key", v.row.Key, "platform", v.row.Platform, "what", string(f.What), "err", f.Err)
	switch f.What {
	case chat.LostMessage:
		if decides(v.row) {
			return v.repost(ctx, f)
		}
		// Somebody deleted it there. The record is the timeline, not the message.
		return v.d.Store.Outbox.Refused(ctx, v.claim, v.row, f.Error(), true)
	case chat.LostThread:
		again, err := v.d.Store.Threads.Anew(ctx, v.claim, v.row.Platform, v.row.Incident)
		if err != nil {
			return err
		}
		if again {
			return &pause{after: time.Second, err: f} // the card goes first now
		}
		return &pause{after: shutFirst, err: f} // one thread never closes the room to the others
	}
	wait := v.d.closed.shut(v.door(), v.d.Now())
	v.d.tell(ctx, v, f)
	return &pause{after: wait, err: f}
}

// decides reports whether people act on a message: what became of an act, and the
// buttons of a result that nobody knows, stand nowhere else in the thread.
func decides(row incident.OutRow) bool {
	switch row.Kind {
	case incident.KindAsk, incident.KindApproval, incident.KindRun:
		return !row.Delete && row.Ref != ""
	}
	return false
}

// repost sends such a message once more as a new one (INTERACTION 2.9).
func (v *delivery) repost(ctx context.Context, f *chat.Failure) error {
	again, err := v.d.Store.Threads.Repost(ctx, v.claim, v.row)
	if err != nil {
		return err
	}
	if again {
		return &pause{after: time.Second, err: f}
	}
	return &pause{after: shutFirst, err: f}
}

// tell puts it on the timeline, once for each incident and room, so that it is
// read on every other platform and in the war room.
func (d *Desk) tell(ctx context.Context, v *delivery, f *chat.Failure) {
	first, err := d.Store.Notes.Once(ctx, fmt.Sprintf("lost:%s:%s", v.door(), incident.FormatID(v.row.Incident)))
	if err == nil && first {
		text := fmt.Sprintf("I can't post in #%s on %s. What was to be said there is saved and goes out once I can. %s (E2)",
			v.row.Place.Room, d.title(v.row.Platform), f.Fix)
		_, err = d.do(ctx, at(v.row.Incident), incident.Say(text))
	}
	if err != nil {
		d.Log.Error("say that a destination is lost", "err", err)
	}
}

// title is a platform's name for people.
func (d *Desk) title(platform string) string {
	if t := d.Faces[platform].Title; t != "" {
		return t
	}
	return platform
}

// doors remembers which destinations are closed to us, so that a hundred lanes
// do not knock at the same one.
type doors struct {
	mu    sync.Mutex
	shuts map[string]shutDoor
}

type shutDoor struct {
	until time.Time
	pause time.Duration
}

// How long a closed destination is left alone, at first and at most.
const (
	shutFirst = 15 * time.Second
	shutMost  = 5 * time.Minute
)

// wait is how long to stay away.
func (s *doors) wait(door string, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shuts[door].until.Sub(now)
}

// shut notes one more refusal and answers when to knock again.
func (s *doors) shut(door string, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shuts == nil {
		s.shuts = map[string]shutDoor{}
	}
	pause := min(max(2*s.shuts[door].pause, shutFirst), shutMost)
	s.shuts[door] = shutDoor{until: now.Add(pause), pause: pause}
	return pause
}

// open notes that it works again.
func (s *doors) open(door string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.shuts, door)
}
