package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/internal/practice"
)

const galleryConfig = `
pagerduty: {webhook_secret: env:TALK_SECRET}
people:
  responder: [web:ana, web:li]
  commander: [web:cleo]
  approver: [web:sam, "slack:@sre-leads", "discord:sre-leads"]
  same:
    - {name: Ana, web: ana, pagerduty: PANA, slack: U0ANA, discord: "200000000000000001"}
    - {name: Li, web: li, pagerduty: PLI, slack: U0LI, discord: "200000000000000002"}
    - {name: Sam, web: sam, slack: U0SAM, discord: "200000000000000003"}
    - {name: Cleo, web: cleo}
services:
  checkout: {pagerduty: PCHECK, impact: "Paying fails. Browsing works.", do_not: ["restart payments-db: failover takes 12 min"], links: {board: "https://grafana.example.com/d/checkout?a=1&b=2"}}
  search: {pagerduty: PSEARCH, declare: press}
connect:
  launchdarkly: {api_url: 'API', token: 'file:DIR/token', project: web, environment: production}
playbooks: DIR/books
web: {url: https://mayday.example.com}
`

// acts are moments of playbook runs, and what can go wrong with them.
var acts = map[string][]string{
	"look":     {"say ana run show flag=checkout-v2"},
	"picker":   {"press ana Run_playbook", "press ana Go_on playbook=flip"},
	"preview":  {"say ana run flip flag=checkout-v2"},
	"done":     {"say ana run flip flag=checkout-v2", "keep old Turn_off_checkout-v2", "press ana Turn_off_checkout-v2", "press li old"},
	"undo":     {"say ana run flip flag=checkout-v2", "press ana Turn_off_checkout-v2", "say ana undo", "press ana Resolve"},
	"danger":   {"say ana run flip flag=new-cart", "press ana Approve_and_run", "press li Approve_and_run", "press sam Approve_and_run", "press sam Approve_and_run phrase=old-cart", "press sam Approve_and_run phrase=new-cart"},
	"declined": {"say ana run flip flag=new-cart", "press sam Decline"},
	"expired":  {"say ana run flip flag=new-cart", "keep old Approve_and_run", "clock +11m", "press sam old phrase=new-cart"},
	"stale":    {"say ana run flip flag=checkout-v2", "flag off", "press ana Turn_off_checkout-v2"},
	"drift":    {"say ana run flip flag=checkout-v2", "flag 20%", "press ana Turn_off_checkout-v2"},
	"refused":  {"flag needs_approval", "say ana run flip flag=checkout-v2", "press ana Turn_off_checkout-v2"},
	"frozen":   {"say cleo freeze on data centre move", "say ana run flip flag=checkout-v2", "say ana freeze off"},
	"forms":    {"press ana Write_update", "press ana Hand_over", "press ana Change_SEV", "press ana Resolve", "say ana open", "say ana help", "say ana help run", "say ana"},
	"mistakes": {"say zoe own", "say ana own INC-99", "say ana updaet all good", "say ana snooze five", "say ana run rollbck", "say ana run flip", "say ana undo 4f2k9a1b", "say ana doctor",
		"event triggered Q2 service=PSEARCH title=slow", "say cleo note which", "say ana resolve rolled back", "say ana note too late", "say ana snooze 10m", "say ana resolve INC-1"},
}

// TestGallery compares what each chat platform is sent with its golden files:
// every message that stands and every answer, refusals included.
func TestGallery(t *testing.T) {
	shown := map[string]bool{}
	for name, lines := range acts {
		t.Run(name, func(t *testing.T) {
			messages := staged(t, append([]string{"event triggered Q1", "press ana I'm_on_it"}, lines...))
			hang(t, "act_"+name, messages)
			for _, m := range messages {
				shown[m.Code] = true
			}
		})
	}
	for name, lines := range scenes {
		t.Run(name, func(t *testing.T) { hang(t, name, staged(t, lines)) })
	}
	t.Run("errors", func(t *testing.T) { hang(t, "errors", otherRefusals()) })
	for _, code := range []string{"E1", "E9", "E11", "E12", "E21", "E22", "E23", "E24", "E27"} {
		if !shown[code] {
			t.Errorf("nothing in the gallery is refused with %s", code)
		}
	}
}

// otherRefusals are those that a script does not reach.
func otherRefusals() []chat.Message {
	var out []chat.Message
	for _, err := range []error{
		fault.New(fault.Gone, "E4", "This button belongs to an older card.", "Use the buttons of the card."),
		fault.New(fault.Unavailable, "E26", "The disk of Mayday is full: alerts are answered 503 and PagerDuty keeps them.", "Free some space; steps are off until then.").WithState("Steps are off."),
		fault.New(fault.Refused, "E1", "You can't run **rollback** on <!channel> @everyone.", "Ask `Ana` and [Li](https://evil.example)."),
		errors.New("hidden"),
	} {
		m := chat.Refusal(err)
		if m.Code == "" { // an internal error has a random id
			id := regexp.MustCompile(`[a-z0-9]{5,8}(\.|\))`)
			for n := range m.Lines {
				for s := range m.Lines[n] {
					m.Lines[n][s].Text = id.ReplaceAllString(m.Lines[n][s].Text, "4f2k9$1")
				}
			}
			m = m.Finish()
		}
		out = append(out, m)
	}
	return out
}

// staged runs script lines beside a pretend LaunchDarkly and answers every
// answer, then everything that stands.
func staged(t *testing.T, lines []string) []chat.Message {
	t.Helper()
	k := &talk{dir: t.TempDir(), now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)}
	t.Cleanup(k.close)
	flags, err := practice.NewLaunchDarkly(practice.LDOptions{Token: "flag-token", Now: k.time})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(flags.Close)
	address, err := flags.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k.files(t, address)
	k.must(t, "start")
	var out []chat.Message
	for _, l := range lines {
		if what, ok := strings.CutPrefix(l, "flag "); ok {
			moveFlag(t, flags, what)
			continue
		}
		k.must(t, l)
		said := strings.HasPrefix(l, "say ") || strings.HasPrefix(l, "press ")
		switch {
		case said && k.err != nil:
			out = append(out, chat.Refusal(k.err))
		case said:
			out = append(out, k.answer)
		}
	}
	return k.calm(append(append(out, k.messages()...), k.posted("status", "")...))
}

// calm replaces the codes of plans, which are random, by one that stays.
func (k *talk) calm(messages []chat.Message) []chat.Message {
	all, err := k.app.store.Incidents(context.Background(), incident.Filter{State: "all"})
	if err != nil {
		return messages
	}
	var pairs []string
	for _, i := range all {
		for _, s := range i.Steps {
			if s.Digest != "" {
				pairs = append(pairs, incident.Code(s.Digest), "4f2k9a1b")
			}
		}
	}
	codes := strings.NewReplacer(pairs...)
	for n := range messages {
		messages[n].Text = codes.Replace(messages[n].Text)
		for _, l := range messages[n].Lines {
			for s := range l {
				l[s].Text = codes.Replace(l[s].Text)
			}
		}
	}
	return messages
}

// files writes the configuration of a talk with flags.
func (k *talk) files(t *testing.T, flags string) {
	t.Helper()
	if err := os.Mkdir(filepath.Join(k.dir, "books"), 0o700); err != nil {
		t.Fatal(err)
	}
	write := map[string]string{"token": "flag-token", "mayday.yaml": strings.NewReplacer("DIR", k.dir, "API", flags).Replace(galleryConfig)}
	for name, text := range flagBooks {
		write[filepath.Join("books", name)] = text
	}
	for name, text := range write {
		if err := os.WriteFile(filepath.Join(k.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func moveFlag(t *testing.T, flags *practice.LaunchDarkly, what string) {
	t.Helper()
	var err error
	switch what {
	case "off":
		err = flags.SetBy("Li", "checkout-v2", practice.LDChange{On: pointer(false)})
	case "20%":
		err = flags.SetBy("Li", "checkout-v2", practice.LDChange{Weights: map[string]int{"true": 20000, "false": 80000}})
	case "needs_approval":
		flags.RequireApproval("production", true)
	default:
		err = fmt.Errorf("no way to move a flag: %s", what)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// hang compares messages with the golden file of each platform.
func hang(t *testing.T, name string, messages []chat.Message) {
	t.Helper()
	for _, p := range platforms {
		if p.Always || p.Render == nil {
			continue
		}
		var b strings.Builder
		for _, m := range messages {
			body, err := p.Render(m)
			if err != nil {
				t.Errorf("%s: %s: %v", p.Name, m.Key, err)
				continue
			}
			fmt.Fprintf(&b, "== %s %s\n%s\n", m.Kind, m.Room, bodyLines(t, body))
		}
		compare(t, filepath.Join("testdata", "golden", p.Name, name+".txt"), stable(b.String()))
	}
}

// bodyLines writes one part of a body on each line.
func bodyLines(t *testing.T, body json.RawMessage) string {
	t.Helper()
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(body, &parts); err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, key := range sortedKeys(parts) {
		var list []json.RawMessage
		if json.Unmarshal(parts[key], &list) != nil || len(list) == 0 {
			fmt.Fprintf(&b, "%s: %s\n", key, parts[key])
			continue
		}
		fmt.Fprintf(&b, "%s:\n", key)
		for _, one := range list {
			var c bytes.Buffer
			if err := json.Compact(&c, one); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "  %s\n", c.Bytes())
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var (
	longID   = regexp.MustCompile(`[0-9a-f]{32}`)
	places   = regexp.MustCompile(`127\.0\.0\.1:[0-9]+`)
	requests = regexp.MustCompile(`approvals/[A-Z0-9]+`)
	nonces   = regexp.MustCompile(`("nonce":"|nonce: ")[^"]*"`)
)

// stable replaces what is random by numbers in the order of appearance.
func stable(s string) string {
	seen := map[string]string{}
	s = longID.ReplaceAllStringFunc(s, func(id string) string {
		if seen[id] == "" {
			seen[id] = fmt.Sprintf("id-%d", len(seen)+1)
		}
		return seen[id]
	})
	s = places.ReplaceAllString(s, "127.0.0.1:36000")
	s = requests.ReplaceAllString(s, "approvals/AP1")
	return nonces.ReplaceAllString(s, `${1}nonce"`)
}
