package app

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mayday/bot/chat"
)

// acknowledge measures signed deliveries per second, each of which is on the
// disk when it is answered, while the loop opens incidents from them, and with
// the loop off.
func (g *goals) acknowledge(b *testing.B) {
	const span = 2 * time.Second
	idle := newRig(b, true)
	body := bytes.Clone(idle.mail.wire[idle.mail.bodyAt:])
	bare := bareOf(b, idle.dir, "inbox")
	idle.stop()
	var next atomic.Int64
	for _, conns := range []int{1, 8, 32} {
		single, each := bareInserts(b, bare, &next, body, conns, span/2)
		if conns == 1 {
			g.sync, _ = spread(each)
		}
		working := acks(b, false, conns, span)
		alone := acks(b, true, conns, span)
		more, _ := bareInserts(b, bare, &next, body, conns, span/2)
		single = (single + more) / 2
		group := bareGroups(b, bare, &next, body, conns, span/2)
		want := ""
		if conns == 32 {
			want = "5,000/s and 0.60"
		}
		at := fmt.Sprintf("acknowledgements, %d connections", conns)
		g.add(at+", incidents opened meanwhile", perSecond(working), "bare insert and commit "+perSecond(single), working/single, want)
		g.add(at+", loop off", perSecond(alone), "the same", alone/single, "")
		if conns > 1 {
			g.add(at+", loop off", perSecond(alone), fmt.Sprintf("%d bare inserts a commit %s", conns, perSecond(group)), alone/group, "")
		}
		b.ReportMetric(working, fmt.Sprintf("acks/s-%d", conns))
		b.ReportMetric(working/single, fmt.Sprintf("ratio-%d", conns))
	}
}

// acks answers acknowledgements per second of a fresh Mayday.
func acks(b *testing.B, manual bool, conns int, span time.Duration) float64 {
	b.Helper()
	r := newRig(b, manual)
	defer r.stop()
	var next atomic.Int64
	u := burst{address: r.app.listener.Addr().String(), mail: r.mail, next: &next, conns: conns, span: span / 10}
	if _, _, err := u.run(); err != nil { // warm up: connections, prepared statements
		b.Fatal(err)
	}
	u.span = span
	n, took, err := u.run()
	if err != nil {
		b.Fatal(err)
	}
	return float64(n) / took.Seconds()
}

// open measures incidents per second, from the first webhook to the last
// incident, and to the last message.
func (g *goals) open(b *testing.B) {
	const count = 3000
	r := newRig(b, false)
	defer r.stop()
	var next atomic.Int64
	u := burst{address: r.app.listener.Addr().String(), mail: r.mail, next: &next, conns: 32, most: count}
	began := time.Now()
	if _, _, err := u.run(); err != nil {
		b.Fatal(err)
	}
	r.opened(count)
	opened := count / time.Since(began).Seconds()
	r.told(50 * time.Millisecond)
	told := 2 * count / time.Since(began).Seconds() // a card and a first line each
	bare := bareIncidents(b, r.dir, count)
	g.add("incidents opened, from 32 connections", perSecond(opened), "their rows, bare, a commit each "+perSecond(bare), opened/bare, "1,000/s")
	g.add("messages posted meanwhile", perSecond(told), "the same, two messages each", told/2/bare, "")
	b.ReportMetric(opened, "incidents/s")
	b.ReportMetric(told, "messages/s")
}

// card measures from a webhook's first byte to the word on the event stream that
// its card stands, with nothing else to do.
func (g *goals) card(b *testing.B) {
	const count = 200
	r := newRig(b, false)
	defer r.stop()
	events, stop := r.events()
	defer stop()
	s, err := dial(r.app.listener.Addr().String(), r.mail)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.conn.Close() }()
	var all []time.Duration
	for n := int64(1); n <= count; n++ {
		began := time.Now()
		if err := s.send(n); err != nil {
			b.Fatal(err)
		}
		all = append(all, r.await(events, ":card").Sub(began))
		r.await(events, ":opener")
		r.told(2 * time.Millisecond)
	}
	g.latency(b, "webhook to posted card, idle", all)
}

func (g *goals) latency(b *testing.B, what string, all []time.Duration) {
	p50, p99 := spread(all)
	reference := "a bare commit, p50 " + millis(g.sync)
	ratio := func(d time.Duration) float64 {
		if g.sync == 0 {
			return 0
		}
		return float64(d) / float64(g.sync)
	}
	g.add(what+", p50", millis(p50), reference, ratio(p50), "")
	g.add(what+", p99", millis(p99), reference, ratio(p99), "50 ms")
	b.ReportMetric(float64(p50)/1e6, "ms-p50-"+firstWord(what))
	b.ReportMetric(float64(p99)/1e6, "ms-p99-"+firstWord(what))
}

func firstWord(s string) string { word, _, _ := strings.Cut(s, " "); return word }

// event is a message that was posted, and when we heard.
type event struct {
	ref string
	at  time.Time
}

// events listens to the event stream.
func (r *rig) events() (posted <-chan event, stop func()) {
	r.b.Helper()
	req, err := http.NewRequestWithContext(r.b.Context(), http.MethodGet, r.app.URL()+"/api/v1/events", nil)
	if err != nil {
		r.b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+benchToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.b.Fatal(err)
	}
	out, ended := make(chan event, 1024), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(out)
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			data, found := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
			var row struct{ Kind, Ref string }
			if found && json.Unmarshal(data, &row) == nil && row.Kind == "message" {
				out <- event{row.Ref, time.Now()}
			}
		}
	}()
	return out, func() { _ = resp.Body.Close(); <-ended }
}

func (r *rig) await(events <-chan event, suffix string) time.Time {
	r.b.Helper()
	limit := time.NewTimer(10 * time.Second)
	defer limit.Stop()
	for {
		select {
		case e, ok := <-events:
			if !ok {
				r.b.Fatal("the event stream ended")
			}
			if strings.HasSuffix(e.ref, suffix) {
				return e.at
			}
		case <-limit.C:
			r.b.Fatalf("no message %s within 10 s", suffix)
		}
	}
}

// press measures what a person waits for, while 500 webhooks come in every
// second and each opens an incident: the press that opens a form, and a note,
// which is a real change.
func (g *goals) press(b *testing.B) {
	const (
		span  = 10 * time.Second
		storm = 500
	)
	r := newRig(b, false)
	defer r.stop()
	var next atomic.Int64
	address := r.app.listener.Addr().String()
	u := burst{address: address, mail: r.mail, next: &next, conns: 16, most: 1}
	if _, _, err := u.run(); err != nil {
		b.Fatal(err)
	}
	r.opened(1)
	r.post("/api/v1/commands", `{"text":"own","incident":"INC-1"}`)
	r.told(2 * time.Millisecond)
	button := r.button("update")
	ended := make(chan error, 1)
	u.most, u.span, u.pause = 0, span, time.Second/storm
	var sent float64
	go func() {
		n, took, err := u.run()
		sent = float64(n) / took.Seconds()
		ended <- err
	}()
	var forms, notes []time.Duration
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if err != nil {
				b.Fatal(err)
			}
			at := fmt.Sprintf(" while %.0f webhooks/s come in", sent)
			g.latency(b, "form press to answer"+at, forms)
			g.latency(b, "note to answer"+at, notes)
			return
		case <-tick.C:
			forms = append(forms, r.post("/api/v1/buttons/"+button, `{}`))
			notes = append(notes, r.post("/api/v1/commands", `{"text":"note the queue is at 4000","incident":"INC-1"}`))
		}
	}
}

// button answers the id of a button of the first incident's messages.
func (r *rig) button(verb string) string {
	r.b.Helper()
	rows, err := r.app.store.Posted(r.b.Context(), "web", "operations", "INC-1")
	if err != nil {
		r.b.Fatal(err)
	}
	for _, row := range rows {
		var m chat.Message
		if err := json.Unmarshal(row.Body, &m); err != nil {
			r.b.Fatal(err)
		}
		for _, one := range append(m.Buttons, m.More...) {
			if known, err := r.app.store.Button(r.b.Context(), one.ID); err == nil && known.Verb == verb {
				return one.ID
			}
		}
	}
	r.b.Fatalf("there is no button %s", verb)
	return ""
}

// post calls the API and answers how long the answer took, which must be a 200.
func (r *rig) post(path, body string) time.Duration {
	r.b.Helper()
	req, err := http.NewRequestWithContext(r.b.Context(), http.MethodPost, r.app.URL()+path, strings.NewReader(body))
	if err != nil {
		r.b.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+benchToken)
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		r.b.Fatalf("%s answered %d %v: %s", path, resp.StatusCode, err, answer)
	}
	return time.Since(began)
}
