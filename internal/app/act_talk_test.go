package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// look checks every message that stands, and prints what it has not seen yet.
func (s *actStage) look() {
	s.t.Helper()
	for _, m := range s.thread() {
		s.check(m)
	}
}

func (s *actStage) check(m chat.Message) {
	s.t.Helper()
	key := m.Key + "\n" + m.Text + fmt.Sprint(m.Buttons)
	if s.seen[key] {
		return
	}
	s.seen[key] = true
	if err := m.Check(); err != nil {
		s.t.Errorf("%v:\n%s", err, m.Text)
	}
	var labels []string
	for _, b := range append(append([]chat.Button(nil), m.Buttons...), m.More...) {
		labels = append(labels, "["+b.Label+"]")
	}
	s.t.Logf("%s (%s)\n%s\n%s", m.Kind, m.Tone, m.Text, strings.Join(labels, " "))
}

// thread is what stands in the incident's thread, card first.
func (s *actStage) thread() []chat.Message {
	rows, err := s.app.store.Posted(context.Background(), "web", incident.RoomOperations, "INC-1")
	if err != nil {
		s.t.Fatal(err)
	}
	out := make([]chat.Message, len(rows))
	for n, r := range rows {
		if err := json.Unmarshal(r.Body, &out[n]); err != nil {
			s.t.Fatal(err)
		}
	}
	return out
}

func (s *actStage) handle(in chat.Interaction) chat.Message {
	s.t.Helper()
	m := s.answer(in)
	s.check(m)
	s.drain()
	return m
}

// answer is what the one handler says, an error as its message.
func (s *actStage) answer(in chat.Interaction) chat.Message {
	in.Platform, in.At = "web", s.clock()
	m, err := s.app.handler.Handle(context.Background(), in)
	if err != nil {
		return chat.Refusal(err)
	}
	return m
}

func (s *actStage) say(who, text string) chat.Message {
	s.t.Helper()
	return s.handle(chat.Interaction{User: chat.User{ID: who, Name: who}, Text: text, Incident: thread(text)})
}

// thread is where a command is typed: opening is the only one outside.
func thread(text string) string {
	if strings.HasPrefix(text, "open ") {
		return ""
	}
	return "INC-1"
}

// press presses the newest button of a verb: press("ana", "pick", "pick", list).
func (s *actStage) press(who, verb string, input ...any) chat.Message {
	s.t.Helper()
	_, b := s.button(verb)
	return s.pressID(who, b.ID, input...)
}

func (s *actStage) pressID(who, id string, input ...any) chat.Message {
	s.t.Helper()
	return s.handle(s.pressing(who, id, input...))
}

func (s *actStage) pressing(who, id string, input ...any) chat.Interaction {
	in := chat.Interaction{User: chat.User{ID: who, Name: who}, Button: id}
	for n := 0; n+1 < len(input); n += 2 {
		if in.Input == nil {
			in.Input = map[string]any{}
		}
		in.Input[input[n].(string)] = input[n+1]
	}
	return in
}

// button is the newest button of a verb that stands in the thread.
func (s *actStage) button(verb string) (chat.Message, chat.Button) {
	s.t.Helper()
	all := s.thread()
	for _, m := range slices.Backward(all) {
		for _, b := range append(append([]chat.Button(nil), m.Buttons...), m.More...) {
			if b.Verb == verb {
				return m, b
			}
		}
	}
	s.t.Fatalf("no button %q stands in:\n%s", verb, texts(all))
	return chat.Message{}, chat.Button{}
}

// labelled is the newest button with a label.
func (s *actStage) labelled(label string) chat.Button {
	s.t.Helper()
	for _, m := range slices.Backward(s.thread()) {
		for _, b := range append(append([]chat.Button(nil), m.Buttons...), m.More...) {
			if b.Label == label {
				return b
			}
		}
	}
	s.t.Fatalf("no button %q stands in:\n%s", label, texts(s.thread()))
	return chat.Button{}
}

// message is what stands under a key now.
func (s *actStage) message(key string) chat.Message {
	s.t.Helper()
	for _, m := range s.thread() {
		if m.Key == key {
			return m
		}
	}
	s.t.Fatalf("no message %s in:\n%s", key, texts(s.thread()))
	return chat.Message{}
}

// wants fails unless a text holds every part.
func (s *actStage) wants(what, text string, parts ...string) {
	s.t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			s.t.Errorf("%s has no %q:\n%s", what, p, text)
		}
	}
}
