package slack

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	practice "mayday/internal/practice/slack"
)

func refuseTwice(context.Context, chat.Interaction) (chat.Message, error) {
	return chat.Message{}, fault.New(fault.Already, "E22", "I have that one already; it came twice.", "")
}

// both runs a test over both transports.
func both(t *testing.T, o options, test func(t *testing.T, w *world)) {
	t.Helper()
	for name, overHTTP := range map[string]bool{"socket": false, "http": true} {
		t.Run(name, func(t *testing.T) {
			o := o
			o.http = overHTTP
			w := run(t, o)
			test(t, w)
			w.stop()
			w.noBreach()
		})
	}
}

func says(t *testing.T, what string, seen practice.Seen, err error, want string) {
	t.Helper()
	if err != nil || !strings.Contains(seen.Text, want) {
		t.Errorf("%s: %q, %v; want %q", what, seen.Text, err, want)
	}
	if seen.Took > 3*time.Second {
		t.Errorf("%s took %s", what, seen.Took)
	}
}

func TestACommandIsAnswered(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		seen, err := w.s.Command(t.Context(), practice.Ana, practice.Random, "own @Li & <go> #status")
		says(t, "the command", seen, err, "heard")
		in := w.hands.last(t)
		if in.Text != "own @li & <go> #status" || in.User.ID != practice.Ana || in.User.Guest || in.ID == "" || in.Thread != "" || in.Platform != "slack" {
			t.Errorf("it arrived as %+v", in)
		}
		if len(in.User.Groups) != 1 || in.User.Groups[0] != practice.SRE || len(in.User.Named) != 1 || in.User.Named[0] != "sre" {
			t.Errorf("Ana is in %q, %q", in.User.Groups, in.User.Named)
		}
		if len(seen.Ephemerals) != 1 || len(seen.Posted) != 0 {
			t.Errorf("everybody sees %+v", seen)
		}
		seen, err = w.s.Command(t.Context(), practice.Ana, practice.Operations, "")
		says(t, "the bare command", seen, err, "heard")
		if in := w.hands.last(t); in.Text != "" || in.Room != "operations" {
			t.Errorf("the bare command arrived as %+v", in)
		}
	})
}

func TestAPress(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		root := w.open("INC-42:card")
		reply := w.mustPost(root, text("nudge", "", buttons("No change"), chat.L("30 min since the last word.")))
		seen, err := w.s.Press(t.Context(), practice.Li, practice.Operations, ts(reply), "No change")
		says(t, "the press", seen, err, "heard")
		if in := w.hands.last(t); in.Button != "id-no-change" || in.Thread != root || in.Room != "operations" {
			t.Errorf("it arrived as %+v", in)
		}
		if len(seen.Ephemerals) != 1 || seen.Ephemerals[0].ThreadTS != ts(root) {
			t.Errorf("the answer stands elsewhere: %+v", seen.Ephemerals)
		}
		seen, err = w.s.Press(t.Context(), practice.Li, practice.Operations, ts(root), "Change SEV")
		says(t, "the line of the menu", seen, err, "heard")
		if in := w.hands.last(t); in.Button != "INC-42:card-sev" || in.Thread != root {
			t.Errorf("it arrived as %+v", in)
		}
		w.hands.will(func(context.Context, chat.Interaction) (chat.Message, error) {
			m := say("Which one?")
			m.Buttons = buttons("The first", "The second")
			return m, nil
		})
		seen, err = w.s.Press(t.Context(), practice.Li, practice.Operations, ts(root), "Run playbook")
		says(t, "a question", seen, err, "Which one?")
		if seen.View == nil || len(seen.View.Buttons()) != 2 {
			t.Fatalf("a question belongs into a window: %+v", seen)
		}
		w.hands.will(nil)
		seen, err = w.s.PressSeen(t.Context(), practice.Li, "The second")
		says(t, "its answer", seen, err, "heard")
		if in := w.hands.last(t); in.Button != "id-the-second" || in.Thread != root || seen.View == nil {
			t.Errorf("it arrived as %+v, seen %+v", in, seen)
		}
	})
}

func TestAButtonOfAnEphemeralMessageIsUsedUp(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		w.hands.will(func(_ context.Context, in chat.Interaction) (chat.Message, error) {
			if in.Button != "" {
				return say("Posted."), nil
			}
			m := say("This goes to #status")
			m.Buttons = buttons("Post it", "Cancel")
			return m, nil
		})
		seen, err := w.s.Command(t.Context(), practice.Ana, practice.Operations, "status")
		says(t, "the preview", seen, err, "This goes to #status")
		seen, err = w.s.PressSeen(t.Context(), practice.Ana, "Post it")
		says(t, "the press", seen, err, "Posted.")
		all := w.s.Ephemerals(practice.Ana)
		if len(all) != 1 || len(all[0].Buttons()) != 0 || all[0].Plain() != "Posted." {
			t.Errorf("Ana sees %d messages: %+v", len(all), all)
		}
	})
}

func TestALinkIsOnlyOpened(t *testing.T) {
	both(t, options{options: practice.Options{Patience: 200 * time.Millisecond}}, func(t *testing.T, w *world) {
		root := w.open("INC-42:card")
		m := text("step", chat.ToneOK, []chat.Button{{Label: "Open board", URL: "https://board.example"}}, chat.L("done"))
		r := w.mustPost(root, m)
		_, err := w.s.Press(t.Context(), practice.Ana, practice.Operations, ts(r), "Open board")
		if err != nil || w.hands.count() != 0 {
			t.Errorf("%v, heard %d times", err, w.hands.count())
		}
	})
}

func TestWhoIsFromOutside(t *testing.T) {
	both(t, options{}, func(t *testing.T, w *world) {
		for user, guest := range map[string]bool{practice.Ana: false, practice.Gus: true, practice.Eve: true} {
			if _, err := w.s.Command(t.Context(), user, practice.Operations, "own"); err != nil {
				t.Fatal(err)
			}
			if in := w.hands.last(t); in.User.ID != user || in.User.Guest != guest {
				t.Errorf("%s arrived as %+v", user, in.User)
			}
		}
		root := w.open("INC-42:card")
		if _, err := w.s.Mention(t.Context(), practice.Eve, practice.Operations, ts(root), "own"); err != nil {
			t.Fatal(err)
		}
		if in := w.hands.last(t); !in.User.Guest {
			t.Errorf("somebody from another workspace arrived as %+v", in.User)
		}
	})
}

func TestInDoubtNobodyActs(t *testing.T) {
	w := run(t, options{})
	w.s.Play(practice.Fault{Kind: practice.Failing, Method: "users.info", Count: 1})
	seen, err := w.s.Command(t.Context(), practice.Li, practice.Operations, "own")
	says(t, "the command", seen, err, "heard")
	if in := w.hands.last(t); !in.User.Guest || in.User.ID != practice.Li {
		t.Errorf("it arrived as %+v", in.User)
	}
	if _, err := w.s.Command(t.Context(), practice.Li, practice.Operations, "own"); err != nil {
		t.Fatal(err)
	}
	if in := w.hands.last(t); in.User.Guest {
		t.Errorf("once Slack answers: %+v", in.User)
	}
	w.s.Play(practice.Fault{Kind: practice.Hang, Method: "users.info"})
	w.clock.move(11 * time.Minute)
	began := time.Now()
	if _, err := w.s.Command(t.Context(), practice.Li, practice.Operations, "own"); err != nil {
		t.Fatal(err)
	}
	w.await("it arrives", func() bool { return w.hands.count() == 3 })
	if in := w.hands.last(t); in.User.Guest || time.Since(began) > 3*time.Second {
		t.Errorf("what was known a few minutes ago counts: %+v after %s", in.User, time.Since(began))
	}
}

func TestASlowDesk(t *testing.T) {
	both(t, options{before: func(p *platform) {
		p.pace.answerWithin, p.pace.submitWithin = 100*time.Millisecond, 100*time.Millisecond
	}}, func(t *testing.T, w *world) {
		slow := make(chan struct{})
		w.hands.will(func(ctx context.Context, in chat.Interaction) (chat.Message, error) {
			select {
			case <-slow:
			case <-ctx.Done():
			}
			return withForm(ctx, in)
		})
		root := w.open("INC-42:card")
		seen, err := w.s.Press(t.Context(), practice.Ana, practice.Operations, ts(root), "Run playbook")
		says(t, "a press", seen, err, "Loading…")
		close(slow)
		seen, err = w.s.Await(t.Context(), seen)
		if err != nil || seen.View == nil || len(seen.View.Inputs()) != 5 {
			t.Fatalf("the form: %+v, %v", seen, err)
		}
		slow = make(chan struct{})
		w.hands.will(func(ctx context.Context, in chat.Interaction) (chat.Message, error) {
			<-slow
			return withForm(ctx, in)
		})
		seen, err = w.s.Submit(t.Context(), practice.Ana, "", map[string]any{"impact": "x"})
		says(t, "the form", seen, err, "Loading…")
		close(slow)
		seen, err = w.s.Await(t.Context(), seen)
		says(t, "its answer", seen, err, "Posted to #status.")
	})
}

// TestAnswersFindTheirWay: whatever of Slack fails, somebody is answered.
func TestAnswersFindTheirWay(t *testing.T) {
	for name, faults := range map[string][]practice.Fault{
		"response_url fails":   {{Kind: practice.Failing, Method: practice.ToResponse, Count: 1}},
		"response_url is cut":  {{Kind: practice.Drop, Method: practice.ToResponse, Count: 1}},
		"both ephemerals fail": {{Kind: practice.Failing, Method: practice.ToResponse, Count: 1}, {Kind: practice.Error, Method: "chat.postEphemeral", Error: "user_not_in_channel", Count: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w := run(t, options{options: practice.Options{Patience: 200 * time.Millisecond}})
			root := w.open("INC-42:card")
			w.s.Play(faults...)
			if _, err := w.s.Press(t.Context(), practice.Ana, practice.Operations, ts(root), "I'm on it"); err != nil {
				t.Fatal(err)
			}
			w.await("the answer", func() bool {
				for _, m := range append(w.s.Ephemerals(practice.Ana), w.s.Messages("D0ANA")...) {
					if m.Plain() == "heard" {
						return true
					}
				}
				return false
			})
		})
	}
}

func TestARefusalIsReadInAWindow(t *testing.T) {
	w := run(t, options{})
	root := w.open("INC-42:card")
	w.hands.will(func(context.Context, chat.Interaction) (chat.Message, error) {
		return chat.Message{}, errors.New("secret of ours")
	})
	seen, err := w.s.Press(t.Context(), practice.Gus, practice.Operations, ts(root), "I'm on it")
	says(t, "a mistake of ours", seen, err, "Internal error, id ")
	if strings.Contains(seen.Text, "secret of ours") || seen.View == nil {
		t.Errorf("it reads %q", seen.Text)
	}
}

func TestFiftyPressesAtOnce(t *testing.T) {
	w := run(t, options{options: practice.Options{Faster: 100}})
	root := w.open("INC-42:card")
	done := make(chan error, 50)
	for range 50 {
		go func() {
			_, err := w.s.Press(t.Context(), practice.Ana, practice.Operations, ts(root), "I'm on it")
			done <- err
		}()
	}
	for range 50 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	w.await("all arrive", func() bool { return w.hands.count() == 50 })
	w.stop()
	w.noBreach()
}
