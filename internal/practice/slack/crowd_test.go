package slack

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
)

func TestManyPeopleAtOnceOverSeveralSockets(t *testing.T) {
	r := newRig(t)
	var first, second atomic.Int64
	answer := func(count *atomic.Int64) func(socketmode.Event) (any, bool) {
		return func(e socketmode.Event) (any, bool) {
			count.Add(1)
			c := e.Data.(slack.SlashCommand)
			if _, _, err := r.client.PostMessage(Operations, slack.MsgOptionText("of "+c.Text, false)); err != nil {
				t.Error(err)
			}
			return object{"text": "for " + c.Text}, true
		}
	}
	r.listen(answer(&first))
	r.listen(answer(&second))
	r.until("both sockets", func() bool { return r.Sockets() == 2 })
	var people sync.WaitGroup
	for n := range 20 {
		id := fmt.Sprintf("U0CROWD%d", n)
		r.AddPerson(id, id)
		people.Go(func() {
			if seen, err := r.Command(t.Context(), id, Operations, id); err != nil || seen.Text != "for "+id {
				t.Errorf("got %+v and %v", seen, err)
			}
		})
	}
	people.Wait()
	if first.Load() == 0 || second.Load() == 0 || len(r.Messages(Operations)) != 20 {
		t.Errorf("the sockets got %d and %d, %d messages were posted", first.Load(), second.Load(), len(r.Messages(Operations)))
	}
	r.clean()
}
