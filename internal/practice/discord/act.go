package discord

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"
)

// Seen is what a person sees after they did something.
type Seen struct {
	Interaction string // id
	Kind        int    // of the first response: 4 message, 5 thinking, 6 nothing yet, 7 update, 8 suggestions, 9 modal
	Deferred    bool   // the answer is still to come; Await waits for it
	Ephemerals  []Message
	Messages    []Message // for all to see
	Updated     *Message  // the message that was pressed, when it changed
	Modal       *Modal
	Choices     []Choice
	Took        time.Duration // to the first response
}

// ErrNoAnswer is what a person sees when no response came in time.
var ErrNoAnswer = errors.New("the application did not respond")

// deliver hands an interaction to the bot and waits for the first response.
func (d *Discord) deliver(ctx context.Context, in *interaction) (Seen, error) {
	to := d.dispatch(ctx, in)
	if to == nobody {
		d.giveUp(in, "the bot is not connected")
		return d.look(in)
	}
	late := time.NewTimer(d.o.Deadline)
	defer late.Stop()
	select {
	case <-in.first:
	case <-in.failed:
		d.giveUp(in, "the response was no good")
	case <-late.C:
		if d.giveUp(in, "no response in time") && to == arrived && !in.troubled {
			d.audit.breach("no response to %s within %s", in.what, d.o.Deadline)
		}
	case <-ctx.Done():
		return Seen{Interaction: in.id}, fmt.Errorf("%s: %w", in.what, ctx.Err())
	case <-d.done:
		return Seen{Interaction: in.id}, fmt.Errorf("%s: the practice Discord was closed", in.what)
	}
	return d.look(in)
}

// dispatch sends an interaction the way that is set.
func (d *Discord) dispatch(ctx context.Context, in *interaction) reach {
	d.mu.Lock()
	defer d.mu.Unlock()
	in.started = time.Now()
	if d.closed {
		return nobody
	}
	if d.target == "" {
		return d.gateway.interaction(in.payload)
	}
	d.postInteraction(ctx, d.target, in)
	return arrived
}

// giveUp ends an interaction that has no response; false when it has one.
func (d *Discord) giveUp(in *interaction, why string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if in.answer != 0 || in.dead {
		return false
	}
	in.dead = true
	in.failure = cmp.Or(in.failure, why)
	return true
}

// look gathers what came of an interaction.
func (d *Discord) look(in *interaction) (Seen, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	seen := Seen{Interaction: in.id, Kind: in.answer, Deferred: !in.complete, Choices: in.choices, Took: time.Since(in.started)}
	if in.answer == 0 {
		return seen, fmt.Errorf("%s: %w: %s", in.what, ErrNoAnswer, in.failure)
	}
	for _, m := range in.made {
		if in.gone(d, m) {
			continue
		}
		if m.flags&flagEphemeral != 0 {
			seen.Ephemerals = append(seen.Ephemerals, d.seen(m))
			continue
		}
		seen.Messages = append(seen.Messages, d.seen(m))
	}
	if in.source != nil && in.original == in.source && in.complete {
		now := d.seen(in.source)
		seen.Updated = &now
	}
	if in.modal != nil {
		seen.Modal = in.modal.view()
	}
	return seen, nil
}

// Await waits until the answer that was deferred is there, and looks again.
func (d *Discord) Await(ctx context.Context, seen Seen) (Seen, error) {
	d.mu.Lock()
	var in *interaction
	for _, one := range d.interactions {
		if one.id == seen.Interaction {
			in = one
		}
	}
	d.mu.Unlock()
	if in == nil {
		return seen, fmt.Errorf("there was no interaction %q", seen.Interaction)
	}
	select {
	case <-in.settled:
	case <-ctx.Done():
		return seen, fmt.Errorf("wait for the answer to %s: %w", in.what, ctx.Err())
	}
	now, err := d.look(in)
	now.Took = seen.Took
	return now, err
}
