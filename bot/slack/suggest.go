package slack

import (
	"context"
	"fmt"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

// suggestFor is how long somebody who types waits for suggestions.
const suggestFor = 1500 * time.Millisecond

// suggestions is the answer to typing in a list that fills.
type suggestions struct {
	Options []*slackgo.OptionBlockObject `json:"options"`
}

// suggest completes a field of a form. An empty list in time is better than a
// full one too late.
func (t *talk) suggest(ctx context.Context, in interaction) error {
	what, ok := strings.CutPrefix(in.ActionID, actionSuggest)
	if !ok {
		t.take(suggestions{Options: []*slackgo.OptionBlockObject{}})
		return fmt.Errorf("nothing is suggested for %q", chat.Clamp(chat.Clean(in.ActionID), 60))
	}
	q := chat.Query{Platform: name, Prefix: in.Value}
	q.Command, q.Arg, _ = strings.Cut(what, " ")
	if in.View != nil {
		t.inView(*in.View)
		q.Thread, q.Incident = t.in.Thread, t.in.Incident
	}
	ctx, cancel := context.WithTimeout(ctx, suggestFor)
	defer cancel()
	done := make(chan []chat.Choice, 1)
	go func() { done <- t.choices(ctx, q) }()
	select {
	case all := <-done:
		t.take(offered(all, in.Value))
	case <-ctx.Done():
		t.take(offered(nil, in.Value))
		<-done
	}
	return nil
}

func (t *talk) choices(ctx context.Context, q chat.Query) []chat.Choice {
	q.User = t.p.people.who(ctx, t.in.User.ID, t.team, t.shown)
	all, err := t.h.Suggest(ctx, q)
	if err != nil {
		t.p.log.Info("nothing suggested", "err", err)
	}
	return all
}

// offered are the suggestions, and the typed word itself: what is not in the list
// can be chosen all the same.
func offered(all []chat.Choice, typed string) suggestions {
	out := suggestions{Options: []*slackgo.OptionBlockObject{}}
	typed = strings.TrimSpace(chat.Clean(typed))
	exact := typed == ""
	for _, c := range all {
		if c.Value == "" || len([]rune(c.Value)) > maxOptionID || len(out.Options) == maxOptions-1 {
			continue
		}
		exact = exact || c.Value == typed
		out.Options = append(out.Options, option(c))
	}
	if !exact && len([]rune(typed)) <= maxOptionID {
		out.Options = append(out.Options, option(chat.Choice{Value: typed, Label: "“" + typed + "”, as typed"}))
	}
	return out
}
