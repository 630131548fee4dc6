package slack

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

// settleFor is how long Slack gets to show that a form is loading before the
// answer replaces it: in the other order the answer would be lost.
const settleFor = 400 * time.Millisecond

// submit is a form that was filled in. The answer takes its place.
func (t *talk) submit(ctx context.Context, in interaction) error {
	if in.View == nil {
		return fmt.Errorf("a form has no window")
	}
	t.inView(*in.View)
	t.in.Button, t.in.Input = t.where.Submit, in.View.State.input()
	t.in.ID = submitID(*in.View)
	if t.in.Button == "" {
		return fmt.Errorf("a form does not know what it is for")
	}
	ctx, cancel := context.WithTimeout(ctx, handleFor)
	defer cancel()
	late := false
	m := t.await(ctx, t.p.pace.submitWithin, func() {
		late = true
		wait := loading(t.where)
		t.take(slackgo.NewUpdateViewSubmissionResponse(&wait))
		t.shot = &shot{id: in.View.ID}
	})
	if late {
		pause(ctx, settleFor)
		t.show(ctx, m)
		return nil
	}
	t.take(t.settled(m, *in.View))
	return nil
}

// submitID names what was sent: the same words sent twice from one window are one
// submit, though Slack gives each press a trigger of its own; corrected words are
// another.
func submitID(v view) string {
	raw, err := json.Marshal(v.State) // its maps are written in order
	if err != nil {
		raw = nil
	}
	return idOf("", append([]byte(v.ID+"/"+v.Hash+"/"), raw...))
}

// settled is the answer as Slack shows it in the place of the form. Bad input is
// shown at its field, so that nothing has to be typed again.
func (t *talk) settled(m chat.Message, v view) *slackgo.ViewSubmissionResponse {
	if m.Form != nil && len(m.Form.Fields) > 0 {
		form := t.p.painter().form(m, t.where)
		return slackgo.NewUpdateViewSubmissionResponse(&form)
	}
	if field := v.field(m); m.Code == codeBadInput && field != "" {
		return slackgo.NewErrorsViewSubmissionResponse(map[string]string{field: chat.Clamp(plain(m, t.p.painter().lines(m)), maxError)})
	}
	answer := t.p.painter().answer(m, t.where)
	return slackgo.NewUpdateViewSubmissionResponse(&answer)
}

const (
	codeBadInput = "E24"
	maxError     = 1000
)

// field is the input that a message is about: the first whose name or label it
// says, else the first of all.
func (v view) field(m chat.Message) string {
	first := ""
	said := strings.ToLower(plain(m, painter{}.lines(m)))
	for _, raw := range v.Blocks {
		var b struct {
			Type  string `json:"type"`
			ID    string `json:"block_id"`
			Label struct {
				Text string `json:"text"`
			} `json:"label"`
		}
		if json.Unmarshal(raw, &b) != nil || b.Type != "input" {
			continue
		}
		if first == "" {
			first = b.ID
		}
		if strings.Contains(said, strings.ToLower(b.ID)) || b.Label.Text != "" && strings.Contains(said, strings.ToLower(b.Label.Text)) {
			return b.ID
		}
	}
	return first
}
