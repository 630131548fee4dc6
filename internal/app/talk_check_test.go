package app

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// keep remembers a button as it is now, to press it later: keep NAME LABEL.
func (k *talk) keep(args []string) error {
	id, err := k.find(args[1])
	if err != nil {
		return err
	}
	if k.kept == nil {
		k.kept = map[string]string{}
	}
	k.kept[args[0]] = id
	return nil
}

func (k *talk) reply(args []string) error {
	text := k.answer.Text
	if k.err != nil {
		text = k.err.Error()
	}
	return match(args[0], text)
}

func match(pattern, text string) error {
	re, err := regexp.Compile("(?s)" + pattern)
	if err != nil {
		return err
	}
	if !re.MatchString(text) {
		return fmt.Errorf("no %q in:\n%s", pattern, text)
	}
	return nil
}

func texts(ms []chat.Message) string {
	var all []string
	for _, m := range ms {
		all = append(all, m.Text)
	}
	return strings.Join(all, "\n--\n")
}

func (k *talk) thread(args []string) error { return match(args[0], texts(k.messages())) }
func (k *talk) status(args []string) error { return match(args[0], texts(k.posted("status", ""))) }
func (k *talk) print([]string) error       { fmt.Fprintln(os.Stderr, texts(k.messages())); return nil }

func (k *talk) last(args []string) error {
	all := k.messages()
	if len(all) == 0 {
		return fmt.Errorf("there is no message")
	}
	return match(args[0], all[len(all)-1].Text)
}

func (k *talk) card(args []string) error {
	var cards []chat.Message
	for _, m := range k.messages() {
		if m.Kind == "card" {
			cards = append(cards, m)
		}
	}
	return match(args[0], texts(cards))
}

// buttons lists the labels of the newest message of a kind, in order; "reply"
// is the last answer: buttons card 'a, b, c'. What is behind More follows a bar.
func (k *talk) buttons(args []string) error {
	all := append([]chat.Message{{Kind: "reply", Buttons: k.answer.Buttons, More: k.answer.More}}, k.messages()...)
	slices.Reverse(all)
	for _, m := range all {
		if m.Kind != args[0] {
			continue
		}
		var labels []string
		for _, b := range m.Buttons {
			labels = append(labels, b.Label)
		}
		got := strings.Join(labels, ", ")
		if strings.Contains(args[1], "|") {
			var more []string
			for _, b := range m.More {
				more = append(more, b.Label)
			}
			got += " | " + strings.Join(more, ", ")
		}
		if got != args[1] {
			return fmt.Errorf("buttons of %s are %q, not %q", args[0], got, args[1])
		}
		return nil
	}
	return fmt.Errorf("there is no %s", args[0])
}

func (k *talk) count(args []string) error {
	want, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	got := 0
	for _, m := range append(k.messages(), k.posted("status", "")...) {
		if m.Kind == args[0] {
			got++
		}
	}
	if got != want {
		return fmt.Errorf("%d messages of kind %s, want %d:\n%s", got, args[0], want, texts(k.messages()))
	}
	return nil
}

// atMost bounds what an incident costs: atmost posts 8, atmost mentions Ana 4.
func (k *talk) atMost(args []string) error {
	want, err := strconv.Atoi(args[len(args)-1])
	if err != nil {
		return err
	}
	got := 0
	for _, m := range k.messages() {
		switch {
		case args[0] == "posts" && m.Kind != "card":
			got++
		case args[0] == "mentions":
			for _, who := range m.Mentions {
				if args[1] == who.Name || args[1] == "others" && who.Name != args[2] {
					got++
				}
			}
		}
	}
	if got > want {
		return fmt.Errorf("%d %s, at most %d:\n%s", got, strings.Join(args[:len(args)-1], " "), want, texts(k.messages()))
	}
	return nil
}

// field checks what a field of the last form is filled with: field doing REGEXP.
func (k *talk) field(args []string) error {
	if k.answer.Form == nil {
		return fmt.Errorf("the answer has no form: %s", k.answer.Text)
	}
	for _, f := range k.answer.Form.Fields {
		if f.Name == args[0] {
			return match(args[1], fmt.Sprint(f.Value))
		}
	}
	return fmt.Errorf("the form has no field %q", args[0])
}

// incidents counts those that exist: incidents 2.
func (k *talk) incidents(args []string) error {
	all, err := k.app.store.Incidents(context.Background(), incident.Filter{State: "all"})
	if err != nil {
		return err
	}
	if got := strconv.Itoa(len(all)); got != args[0] {
		return fmt.Errorf("there are %s incidents, want %s", got, args[0])
	}
	return nil
}

// inbox checks why something is in quarantine: inbox REGEXP.
func (k *talk) inbox(args []string) error {
	rows, err := k.app.store.Quarantine(context.Background(), 50)
	if err != nil {
		return err
	}
	var why []string
	for _, r := range rows {
		why = append(why, r.Reason)
	}
	return match(args[0], strings.Join(why, "\n"))
}

func (k *talk) mentions(args []string) error {
	want, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	got := 0
	for _, m := range k.messages() {
		for _, who := range m.Mentions {
			if who.Name == args[0] {
				got++
			}
		}
	}
	if got != want {
		return fmt.Errorf("%s is mentioned %d times, want %d:\n%s", args[0], got, want, texts(k.messages()))
	}
	return nil
}

func (k *talk) nudges(args []string) error {
	n, err := incident.ParseID(args[0])
	if err != nil {
		return err
	}
	i, err := k.app.store.Incident(context.Background(), n)
	if err != nil {
		return err
	}
	var got []string
	for _, x := range i.Nudges {
		got = append(got, fmt.Sprintf("%d/%d", x.Key.Slot, x.Key.Call))
	}
	if s := strings.Join(got, " "); s != strings.Join(args[1:], " ") {
		return fmt.Errorf("nudges (slot/call) are %q, want %q", s, strings.Join(args[1:], " "))
	}
	return nil
}

func (k *talk) timeline(args []string) error {
	n, err := incident.ParseID(args[0])
	if err != nil {
		return err
	}
	entries, err := k.app.store.Timeline(context.Background(), n, 0)
	if err != nil {
		return err
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Kind()+": "+e.Text)
	}
	return match(args[1], strings.Join(all, "\n"))
}

// incident checks fields: incident INC-1 state=monitoring owner=Ana.
func (k *talk) incident(args []string) error {
	n, err := incident.ParseID(args[0])
	if err != nil {
		return err
	}
	i, err := k.app.store.Incident(context.Background(), n)
	if err != nil {
		return err
	}
	got := map[string]string{"state": string(i.State), "owner": i.Owner, "severity": string(i.Severity), "service": i.Service,
		"alerts": strconv.Itoa(len(i.Sources)), "declared": strconv.FormatBool(i.Declared()), "healed": strconv.FormatBool(i.Healed),
		"oncall": i.OnCall, "acked": i.AckedBy, "merged": strconv.FormatInt(i.MergedInto, 10), "title": i.Title}
	for _, a := range args[1:] {
		name, want, _ := strings.Cut(a, "=")
		if have, ok := got[name]; !ok || have != want {
			return fmt.Errorf("%s of %s is %q, want %q", name, args[0], have, want)
		}
	}
	if err := k.app.store.Verify(context.Background(), n); err != nil {
		return err
	}
	return k.app.store.Recompute(context.Background(), n)
}
