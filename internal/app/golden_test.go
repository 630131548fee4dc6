package app

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/bot/chat"
)

var update = flag.Bool("update", false, "write the golden files anew")

// scenes are moments at which every message that stands is compared with its
// canonical text. Each is a list of script lines.
var scenes = map[string][]string{
	"alert":        {"event triggered Q1 urgency=low service=PSEARCH"},
	"declared":     {"event triggered Q1"},
	"owned":        {"event triggered Q1", "press ana I'm_on_it"},
	"first_status": {"event triggered Q1", "press ana I'm_on_it", "press ana Write_update impact=Some_payments_fail. doing=Rolling_back_checkout. state=identified"},
	"no_change": {"event triggered Q1", "press ana I'm_on_it", "press ana Write_update impact=Some_payments_fail. doing=Rolling_back_checkout.",
		"clock +31m", "press ana No_change"},
	"nudge_first":    {"event triggered Q1", "press ana I'm_on_it", "clock +11m"},
	"nudge_second":   {"event triggered Q1", "press ana I'm_on_it", "clock +16m"},
	"nudge_escalate": {"event triggered Q1 priority=P1", "press ana I'm_on_it", "clock +15m"},
	"nudge_unowned":  {"event triggered Q1", "clock +2m"},
	"nudge_away":     {"event triggered Q1", "press ana I'm_on_it", "restart +47m"},
	"snoozed":        {"event triggered Q1", "press ana I'm_on_it", "clock +11m", "press ana Snooze_10_min"},
	"recovered":      {"event triggered Q1", "press ana I'm_on_it", "event resolved Q1"},
	"healed":         {"event triggered Q1 urgency=low service=PSEARCH", "clock +4m", "event resolved Q1"},
	"resolved": {"event triggered Q1", "press ana I'm_on_it", "press ana Write_update impact=Some_payments_fail. doing=Rolling_back_checkout.",
		"clock +20m", "say ana resolve rolled back checkout"},
	"joined":  {"event triggered Q1", "press ana I'm_on_it", "event triggered Q2 title=another_thing_broke"},
	"by_hand": {"say ana open queue is stuck service=search severity=SEV3"},
	"hostile": {"event triggered Q1 title=@everyone_<!channel>_\u202eevil\u202c_<script>alert(1)</script>_zero\u200bwidth"},
}

// TestGolden compares what people see with the canonical text, and checks every
// message against the limits that all platforms share.
func TestGolden(t *testing.T) {
	for name, lines := range scenes {
		t.Run(name, func(t *testing.T) {
			k := &talk{dir: t.TempDir(), now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)}
			t.Cleanup(k.close)
			if err := k.start(nil); err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				if err := k.line(l); err != nil {
					t.Fatalf("%s: %v", l, err)
				}
			}
			var all []chat.Message
			all = append(append(all, k.messages()...), k.posted("status", "")...)
			var b strings.Builder
			for _, m := range all {
				if err := m.Check(); err != nil {
					t.Error(err)
				}
				b.WriteString(picture(m))
			}
			compare(t, filepath.Join("testdata", "golden", name+".txt"), b.String())
		})
	}
}

// line runs one script line; an underscore in an argument is a space.
func (k *talk) line(l string) error {
	words := strings.Fields(l)
	args := words[1:]
	if words[0] != "say" {
		for n := range args {
			args[n] = strings.ReplaceAll(args[n], "_", " ")
		}
	}
	switch words[0] {
	case "event":
		return k.event(args)
	case "press":
		return k.press(args)
	case "say":
		return k.say(args)
	case "clock":
		return k.clock(args)
	case "keep":
		return k.keep(args)
	case "restart":
		return k.restart(args)
	}
	return fmt.Errorf("no command %q", words[0])
}

// picture is a message as text: what is shown, who is called, what can be
// pressed.
func picture(m chat.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "== %s %s", m.Kind, m.Room)
	if m.Silent {
		b.WriteString(" silent")
	}
	for _, who := range m.Mentions {
		fmt.Fprintf(&b, " @%s", who.Name)
	}
	b.WriteString("\n" + m.Text + "\n")
	for _, x := range m.Buttons {
		mark := map[chat.Style]string{chat.Primary: "*", chat.Harm: "!"}[x.Style]
		fmt.Fprintf(&b, "[%s%s] ", mark, x.Label)
	}
	for _, x := range m.More {
		fmt.Fprintf(&b, "(%s) ", x.Label)
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

func compare(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; run go test ./internal/app -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}
