package app

import (
	"bytes"
	"context"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// TestBadDeployInTheDemo goes from a bad deploy to rolled back, undone and well
// again, through the real adapters: the cluster, the figures and both pretend
// chat platforms, which are as strict as the vendors.
func TestBadDeployInTheDemo(t *testing.T) {
	d := startDemo(t, DemoOptions{Listen: "127.0.0.1:0", Speed: 60, Log: &bytes.Buffer{}})
	ctx := context.Background()
	if err := d.act(ctx, "deploy"); err != nil {
		t.Fatal(err)
	}
	inc := func() *incident.Incident {
		i, err := d.App.store.Incident(ctx, 1)
		if err != nil {
			return &incident.Incident{}
		}
		return i
	}
	until(t, "suspects stand in the opener", func() bool { return inc().Suspicion != nil })
	first := inc().Suspicion.Suspects[0]
	if first.Kind != incident.SuspectDeploy || first.Service != "checkout" || first.Who != "ci" || first.Why != "cart v2" || first.Offer == nil || first.Offer.Playbook != "rollback" {
		t.Errorf("first suspect: got %+v, want the deploy by ci with its rollback", first)
	}
	p := &ana1{t: t, d: d}
	p.say("own")
	p.press("Roll back checkout")
	p.press("Roll back,")
	until(t, "the rollout is over", func() bool {
		return slices.ContainsFunc(inc().Steps, func(s incident.Step) bool { return s.Effect != nil && s.Effect.State == incident.EffectSettled })
	})
	until(t, "the shop has recovered", func() bool { return inc().State == incident.Monitoring })
	p.press("Chart now")
	p.press("Undo: back to cart:2.0.1")
	p.press("Roll forward,")
	until(t, "the undo is complete", func() bool {
		last := inc().Steps[len(inc().Steps)-1]
		return last.UndoOf != "" && last.Effect != nil && last.Effect.State == incident.EffectSettled
	})
	if inc().Steps[0].UndoneBy == "" {
		t.Error("the rollback does not know that it was undone")
	}
	for _, c := range d.chats {
		for _, words := range []string{"What changed before that", "checkout rev 40→41", "Roll back checkout (production)", "6 of 6 pods new, all serving", "↩ undone", "checkout errors,"} {
			until(t, c.Name+" shows “"+words+"”", func() bool { return strings.Contains(pageOf(t, c.URL), words) })
		}
	}
}

// pageOf is what a pretend chat platform shows, with the thread that its first
// card opens.
func pageOf(t *testing.T, at string) string {
	t.Helper()
	page := fetched(t, at)
	if m := threadLink.FindStringSubmatch(page); m != nil {
		base, err := url.Parse(at)
		if err != nil {
			t.Fatal(err)
		}
		thread, err := base.Parse(html.UnescapeString(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		page += fetched(t, thread.String())
	}
	return page
}

var threadLink = regexp.MustCompile(`href="([^"]+)"[^>]*>\s*Open the thread`)

func fetched(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ana1 types and presses as Ana in the war room of INC-1.
type ana1 struct {
	t *testing.T
	d *Demo
}

func (p *ana1) do(in chat.Interaction) {
	p.t.Helper()
	in.Platform, in.User, in.Incident = "web", chat.User{ID: "ana", Name: "Ana", Role: "responder"}, "INC-1"
	if _, err := p.d.App.handler.Handle(context.Background(), in); err != nil {
		p.t.Fatalf("%+v: %v", in, err)
	}
}

func (p *ana1) say(text string) { p.t.Helper(); p.do(chat.Interaction{Text: text}) }

// press waits for a button and presses it.
func (p *ana1) press(label string) {
	p.t.Helper()
	id := ""
	k := &talk{app: p.d.App}
	until(p.t, "there is a button "+label, func() bool {
		for _, m := range k.posted("operations", "INC-1") {
			for _, b := range append(slices.Clone(m.Buttons), m.More...) {
				if strings.HasPrefix(b.Label, label) {
					id = b.ID
				}
			}
		}
		return id != ""
	})
	p.do(chat.Interaction{Button: id})
}
