package bot

import (
	"fmt"
	"strings"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/incident"
	"mayday/playbooks"
)

func check(answer incident.Answer, text string, override bool) incident.Check {
	return incident.Check{Text: text, Answer: answer, Override: override}
}

// What says no stands first, then what nobody knows; of what is well a part is
// counted where there is much.
func TestChecksThatAreShown(t *testing.T) {
	no, open := check(incident.No, "Argo CD puts Git's version back", true), check(incident.Unknown, "migrations", false)
	well := func(n int) (out []incident.Check) {
		for k := range n {
			out = append(out, check(incident.Yes, fmt.Sprintf("well %d", k), false))
		}
		return out
	}
	for _, c := range []struct {
		checks []incident.Check
		want   []string
	}{
		{well(5), []string{"✓ well 0", "✓ well 1", "✓ well 2", "✓ well 3", "✓ well 4"}},
		{well(7), []string{"✓ well 0", "✓ well 1", "✓ well 2", "✓ well 3", "✓ 3 more"}},
		{append(well(5), open, no), []string{"✗ Argo CD puts Git's version back (you may go on in spite of it)", "? migrations", "✓ well 0", "✓ well 1", "✓ 3 more"}},
		{append(well(2), open, open, open, open, open, no), []string{"✗ Argo", "? migrations", "? migrations", "? migrations", "? migrations", "? migrations", "✓ 2 more"}},
	} {
		var got []string
		for _, l := range checkLines(incident.Plan{Checks: c.checks}) {
			got = append(got, strings.TrimSpace(chat.L(l...).String()))
		}
		if len(got) != len(c.want) {
			t.Errorf("got %d lines %q, want %q", len(got), got, c.want)
			continue
		}
		for n := range got {
			if !strings.HasPrefix(got[n], c.want[n]) {
				t.Errorf("line %d: got %q, want %q", n, got[n], c.want[n])
			}
		}
	}
	many := checkLines(incident.Plan{Checks: append([]incident.Check{no}, open, open, open, open, open, open, open, open)})
	if all := chat.L(many[len(many)-1]...).String(); len(many) != linesForCommand || strings.Count(all, "migrations") != 3 {
		t.Errorf("got %d lines, the last %q: nothing is left out", len(many), all)
	}
}

// A check that nobody was shown saying no refuses the act; one that was shown, with
// other numbers, does not.
func TestANoThatCameAfterThePreview(t *testing.T) {
	old := check(incident.No, "the last backup is 31 h old", true)
	for name, c := range map[string]struct {
		was, is []incident.Check
		want    string
	}{
		"the same":        {[]incident.Check{old}, []incident.Check{check(incident.No, "the last backup is 32 h old", true)}, ""},
		"gone":            {[]incident.Check{old}, nil, ""},
		"another one":     {[]incident.Check{old}, []incident.Check{old, check(incident.No, "Argo CD puts Git's version back.", true)}, "Argo CD puts Git's version back"},
		"it was fine":     {[]incident.Check{check(incident.Yes, "Argo CD keeps it; its sync is paused", false)}, []incident.Check{check(incident.No, "Argo CD puts it back", true)}, "Argo CD puts it back"},
		"only not known":  {nil, []incident.Check{check(incident.Unknown, "migrations", false)}, ""},
		"not overridable": {nil, []incident.Check{check(incident.No, "no right", false)}, ""}, // that stops the act by itself
	} {
		if got := risen(incident.Plan{Checks: c.was}, incident.Plan{Checks: c.is}); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// To go on in spite of a no is a danger step, and the button says so.
func TestGoingOnInSpiteOfANo(t *testing.T) {
	p := guarded(incident.Plan{Title: "Roll back checkout", Grade: incident.GradeChange, Checks: []incident.Check{check(incident.No, "Argo CD puts it back", true)}}, playbooks.Move{})
	if p.Grade != incident.GradeDanger {
		t.Errorf("got %s, want danger", p.Grade)
	}
	s := &incident.Step{Plan: p}
	if got := startLabel(s); !strings.HasSuffix(got, ", 1 says no") {
		t.Errorf("start: %q", got)
	}
	if got := approveLabel(s); got != "Approve, 1 says no" {
		t.Errorf("approve: %q", got)
	}
	if got := approveLabel(&incident.Step{}); got != "Approve and run" {
		t.Errorf("approve without a no: %q", got)
	}
}

// A row holds four buttons, and one of them is the first choice.
func TestARowOfButtonsFits(t *testing.T) {
	d := &Desk{Options: Options{Key: make([]byte, 32)}}
	c := d.card(nil, "step", "k")
	c.line("x")
	for n, style := range []chat.Style{chat.Primary, chat.Plain, chat.Primary, chat.Plain, chat.Plain} {
		c.button(style, "own", fmt.Sprintf("Button %d", n), n)
	}
	c.more("pause", "Pause", nil)
	m := c.done()
	if err := m.Check(); err != nil {
		t.Error(err)
	}
	if len(m.Buttons) != 4 || len(m.More) != 2 || m.More[0].Label != "Button 4" || m.Buttons[2].Style != chat.Plain {
		t.Errorf("got %+v and %+v behind More", m.Buttons, m.More)
	}
}
