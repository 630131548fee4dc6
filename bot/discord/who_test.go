package discord

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/bot/chat"
	"mayday/internal/fault"
	practice "mayday/internal/practice/discord"
)

func TestWho(t *testing.T) {
	w := build(t, options{})
	got, err := w.p.Who(t.Context(), practice.Sam)
	want := chat.User{ID: practice.Sam, Name: "Sam", Groups: []string{practice.RoleLeads}, Named: []string{"sre-leads"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if err := w.d.SetRoles(practice.Sam); err != nil {
		t.Fatal(err)
	}
	if got, err = w.p.Who(t.Context(), practice.Sam); err != nil || len(got.Groups) != 0 || len(got.Named) != 0 {
		t.Errorf("a role that was taken away counts still: %+v %v", got, err)
	}
	w.d.RemovePerson(practice.Sam)
	if got, err = w.p.Who(t.Context(), practice.Sam); err != nil || !got.Guest {
		t.Errorf("somebody who left: got %+v %v", got, err)
	}
	w.d.Play(practice.Fault{Kind: practice.Failing, Route: "/members/"})
	if _, err = w.p.Who(t.Context(), practice.Ana); err == nil {
		t.Error("not known must be an error")
	}
	if _, err = w.p.Who(t.Context(), "@sre"); err == nil {
		t.Error("a role is nobody")
	}
}

func TestNamesOfRolesThatMeanMoreThanOne(t *testing.T) {
	w := build(t, options{})
	w.d.AddRole("991", "sre", 0, true) // a second one of this name
	w.d.AddRole("992", "22155512", 0, true)
	if err := w.d.SetRoles(practice.Ana, practice.RoleSRE, "991", "992", practice.RoleLeads); err != nil {
		t.Fatal(err)
	}
	got, err := w.p.Who(t.Context(), practice.Ana)
	if err != nil || cmp.Diff([]string{"sre-leads"}, got.Named) != "" || len(got.Groups) != 4 {
		t.Errorf("got %+v %v", got, err)
	}
}

func TestOthersAreRefusedInWords(t *testing.T) {
	w := build(t, options{})
	for who, in := range map[string]interaction{
		"another server":  {GuildID: "1", Member: member(practice.Ana, false)},
		"a direct letter": {},
		"a bot":           {GuildID: practice.Guild, Member: member(practice.Ana, true)},
	} {
		in.ID, in.Type, in.Data = "1", 3, data{CustomID: "x"}
		var got reply
		w.p.serve(t.Context(), w.h, in, func(_ context.Context, r reply) error { got = r; return nil })
		b, ok := got.Data.(body)
		if got.Type != replyMessage || !ok || b.Content == "" || b.Flags&flagEphemeral == 0 || w.h.count() != 0 {
			t.Errorf("%s: got %+v, heard %d", who, got, w.h.count())
		}
	}
}

func TestRefusalsAreWords(t *testing.T) {
	w := run(t, options{})
	r := w.open("INC-42:root")
	for _, err := range []error{fault.New(fault.Conflict, "E22", "Li pressed this at 14:08:02: rolled back.", ""), errors.New("disk on fire")} {
		w.h.answer = func(context.Context, chat.Interaction) (chat.Message, error) { return chat.Message{}, err }
		seen, err2 := w.d.Press(t.Context(), practice.Ana, practice.Operations, w.thread(r), "I'm on it")
		if err2 != nil || len(seen.Ephemerals) != 1 || strings.Contains(seen.Ephemerals[0].Content, "fire") {
			t.Errorf("got %+v %v", seen, err2)
		}
	}
}
