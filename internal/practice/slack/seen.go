package slack

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Seen is what a person sees after they did something.
type Seen struct {
	Ephemerals []Message // that only they see
	View       *View     // the form on top, when one was opened or changed
	Home       *View     // their Home tab, when it changed
	Posted     []Message // for all to see, by response_url
	Changed    []Message // in the same channel, new or edited meanwhile
	Text       string    // the words of all that is for them
	Took       time.Duration

	delivery *delivery
	count    int // of the sights for this person
}

// ErrNoAnswer is what a person sees when there was no acknowledgement in time.
var ErrNoAnswer = errors.New("operation_timeout")

// ErrNotReached is what a person sees when the bot cannot be reached, or answers
// with an error.
var ErrNotReached = errors.New("dispatch_failed")

// sight is something new to see: for one person, or in a channel for all.
type sight struct {
	user      string
	ephemeral *message
	view      bool
	home      bool
	posted    *message // by response_url of user
	channel   string
	changed   *message
}

const keptSights = 5000

// see notes something new, under mu.
func (s *Slack) see(one sight) {
	s.sights = append(s.sights, one)
	if len(s.sights) > keptSights {
		s.dropped += len(s.sights) - keptSights
		s.sights = s.sights[len(s.sights)-keptSights:]
	}
	close(s.stir)
	s.stir = make(chan struct{})
}

// publicChange notes that a message is new or different for all, under mu.
func (s *Slack) publicChange(m *message) { s.see(sight{channel: m.channel, changed: m}) }

// mark is the place in the sights from which somebody looks on, under mu.
func (s *Slack) mark() int { return s.dropped + len(s.sights) }

func (s *Slack) since(mark int) []sight { return s.sights[max(0, min(len(s.sights), mark-s.dropped)):] }

// watch waits until a person sees something that is for them. When only others'
// things change, it gives up sooner.
func (s *Slack) watch(ctx context.Context, dl *delivery) (Seen, error) {
	return s.watchFor(ctx, dl, 0)
}

// Await waits until there is more to see of what was done than before: a form
// that takes the place of one that said to wait, or a second message.
func (s *Slack) Await(ctx context.Context, before Seen) (Seen, error) {
	if before.delivery == nil {
		return before, errors.New("nothing was done to wait for")
	}
	return s.watchFor(ctx, before.delivery, before.count)
}

func (s *Slack) watchFor(ctx context.Context, dl *delivery, known int) (Seen, error) {
	patience := time.NewTimer(s.o.Patience)
	defer patience.Stop()
	var grace <-chan time.Time
	for {
		s.mu.Lock()
		seen, own, others := s.gather(dl)
		stir := s.stir
		s.mu.Unlock()
		if own > known {
			return seen, nil
		}
		if others && grace == nil {
			t := time.NewTimer(s.o.Patience / 4)
			defer t.Stop()
			grace = t.C
		}
		select {
		case <-stir:
		case <-grace:
			return seen, nil
		case <-patience.C:
			return seen, nil
		case <-ctx.Done():
			return seen, fmt.Errorf("%s: %w", dl.what, ctx.Err())
		case <-s.done:
			return seen, fmt.Errorf("%s: the practice Slack was closed", dl.what)
		}
	}
}

// gather collects what there is to see since a delivery, under mu: own counts
// what is for the person, others tells of something for all.
func (s *Slack) gather(dl *delivery) (seen Seen, own int, others bool) {
	seen.Took, seen.delivery = dl.took, dl
	var said []string
	var ephemerals, posted, changed []*message
	for _, one := range s.since(dl.mark) {
		switch {
		case one.user != "" && one.user == dl.user:
			own++
			ephemerals, posted = with(ephemerals, one.ephemeral), with(posted, one.posted)
			if one.view && s.top(dl.user) != nil {
				seen.View = s.seenView(s.top(dl.user))
			}
			if one.home && s.homes[dl.user] != nil {
				seen.Home = s.seenView(s.homes[dl.user])
			}
		case one.changed != nil && one.channel == dl.channel:
			others, changed = true, with(changed, one.changed)
		}
	}
	for _, m := range ephemerals {
		if slices.Contains(s.ephemerals[dl.user], m) {
			seen.Ephemerals = append(seen.Ephemerals, s.seen(m))
			said = append(said, s.seen(m).Plain())
		}
	}
	for _, m := range posted {
		seen.Posted = append(seen.Posted, s.seen(m))
		said = append(said, s.seen(m).Plain())
	}
	seen.Changed = s.seenAll(changed)
	for _, v := range []*View{seen.View, seen.Home} {
		if v != nil {
			said = append(said, v.Plain())
		}
	}
	seen.Text = strings.Join(said, "\n")
	seen.count = own
	return seen, own, others
}

func with(all []*message, m *message) []*message {
	if m == nil || slices.Contains(all, m) {
		return all
	}
	return append(all, m)
}
