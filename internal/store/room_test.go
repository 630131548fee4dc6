package store

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mayday/internal/fault"
	"mayday/internal/incident"
)

func TestBallast(t *testing.T) {
	s := openTemp(t)
	r := s.room
	r.ballast, r.acts, r.every = 1<<20, 1, time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan struct{})
	go func() { defer close(ended); r.run(ctx) }()
	path := filepath.Join(s.dir, ballastName)
	until(t, "the ballast to be made", func() bool {
		info, err := os.Stat(path)
		return err == nil && info.Size() == 1<<20 && info.Mode().Perm() == 0o600
	})
	stop()
	<-ended
	r.drop()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the disk was full: got %v, want that it is gone", err)
	}
	r.drop() // a second time there is nothing to do
	r.acts = math.MaxUint64 / 2
	if err := r.load(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("with little room: got %v, want no ballast", err)
	}
}

// TestLittleRoom: no act is proposed, approved or started, and everything else
// goes on.
func TestLittleRoom(t *testing.T) {
	s := openTemp(t)
	target, decide := opening("P1")
	if _, err := s.Do(t.Context(), target, decide); err != nil {
		t.Fatal(err)
	}
	move := func(to incident.StepState, b incident.StepMoved) error {
		b.ID, b.To = "s1", to
		_, err := s.Do(t.Context(), incident.Target{Number: 1}, func(incident.View) (incident.Change, error) {
			return incident.Change{Entries: []incident.Entry{incident.NewEntry("Ana", "", &b)}}, nil
		})
		return err
	}
	little := func(yes bool) {
		s.room.acts = 1
		if yes {
			s.room.acts = math.MaxUint64
		}
	}
	proposed := incident.StepMoved{New: &incident.Step{ID: "s1", Action: "pg.cancel"}}
	little(true)
	if err := move(incident.Proposed, proposed); !fault.HasCode(err, "E26") || !fault.Is(err, fault.Unavailable) {
		t.Errorf("propose: got %v, want E26", err)
	}
	little(false)
	if err := move(incident.Proposed, proposed); err != nil {
		t.Fatal(err)
	}
	for _, to := range []incident.StepState{incident.Previewed, incident.Waiting, incident.Approved, incident.Starting, incident.Succeeded} {
		b := incident.StepMoved{}
		if to == incident.Previewed {
			b.Plan, b.Digest = &incident.Plan{Title: "cancel 4412", Target: "db/4412"}, "d"
		}
		if to == incident.Succeeded {
			b.Receipt = &incident.Receipt{Text: "ended"}
		}
		little(true)
		err := move(to, b)
		acts := to == incident.Approved || to == incident.Starting
		if acts != fault.HasCode(err, "E26") || !acts && err != nil {
			t.Errorf("%s with little room: got %v", to, err)
		}
		little(false)
		if acts {
			if err := move(to, b); err != nil {
				t.Errorf("%s with room: %v", to, err)
			}
		}
	}
	little(true)
	if err := receive(t.Context(), s, "e1"); err != nil {
		t.Errorf("a delivery: %v", err)
	}
}
