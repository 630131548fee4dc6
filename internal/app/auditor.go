package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"mayday/internal/config"
	"mayday/internal/store"
)

// watching is the section `watch`: how Mayday itself is watched (P21).
type watching struct {
	heartbeat config.Secret // pinged while all is well; not set: nobody is told
	every     time.Duration
}

// auditEvery and auditLate together stay below the two minutes of P21: a loop
// that stalls right after an audit is late a minute later.
const (
	auditEvery = 60 * time.Second
	auditLate  = 45 * time.Second // PROMISES I6: a lease and 30 s
	pingTime   = 10 * time.Second
)

func (s *settings) readWatch() error {
	s.watch.every = auditEvery
	section := s.file.Section("watch")
	if !section.Exists() {
		return nil
	}
	own := struct {
		Every time.Duration `yaml:"every"`
	}{auditEvery}
	if err := config.Join(section.CheckKeys("heartbeat_url", "every"), section.Without("heartbeat_url").Decode(&own)); err != nil {
		return err
	}
	s.watch.every = own.Every
	if s.watch.every > auditEvery {
		return section.Fault("every", "`every` of `watch` is at most %s: a stall has to be noticed within two minutes", auditEvery)
	}
	return s.readHeartbeat(section)
}

// readHeartbeat takes an address as it is, or a reference to one: many services
// put a secret into theirs.
func (s *settings) readHeartbeat(section config.Section) error {
	at := section.Sub("heartbeat_url")
	var text string
	if !at.Exists() {
		return nil
	}
	if err := at.Decode(&text); err != nil {
		return err
	}
	if strings.HasPrefix(text, "env:") || strings.HasPrefix(text, "file:") {
		return at.Decode(&s.watch.heartbeat)
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
		return section.Fault("heartbeat_url", "`heartbeat_url` is an address like https://hc.example/ping/mayday, or env:NAME that holds one")
	}
	s.watch.heartbeat = config.NewSecret(text)
	return nil
}

// auditor asks the store every minute whether the promises hold, and tells the
// outside that it did and that they do. It stands apart from the wake loop, which
// is one of the things that it looks at.
type auditor struct {
	audit  func(ctx context.Context, late time.Duration) ([]store.Breach, error)
	watch  watching
	late   time.Duration
	client *http.Client
	log    *slog.Logger
	count  func(breaches int) // for the metrics

	mu     sync.Mutex
	last   []store.Breach
	pinged time.Time
	failed string // why the heartbeat could not be sent; "" when it could
}

func newAuditor(s *store.Store, watch watching, log *slog.Logger) *auditor {
	return &auditor{audit: s.Audit, watch: watch, late: auditLate, log: log, client: &http.Client{Timeout: pingTime}}
}

// run audits until ctx ends.
func (a *auditor) run(ctx context.Context) {
	tick := time.NewTicker(a.watch.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			a.round(ctx)
		}
	}
}

// round audits once. The heartbeat is sent only when nothing was found: whoever
// waits for it then misses it.
func (a *auditor) round(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, a.watch.every)
	defer cancel()
	found, err := a.audit(ctx, a.late)
	if err != nil {
		if ctx.Err() == context.Canceled {
			return
		}
		found = []store.Breach{{Rule: "store", Text: "the store cannot be asked: " + err.Error()}}
	}
	a.keep(found)
	if a.count != nil {
		a.count(len(found))
	}
	if len(found) == 0 && !a.watch.heartbeat.IsZero() {
		a.beat(ctx)
	}
}

// keep remembers what was found and logs what is new.
func (a *auditor) keep(found []store.Breach) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, b := range found {
		if !slices.Contains(a.last, b) {
			a.log.Error("the auditor objects", "rule", b.Rule, "found", b.Text)
		}
	}
	a.last = found
}

func (a *auditor) beat(ctx context.Context) {
	err := a.ping(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.pinged, a.failed = time.Now(), ""
		return
	}
	if a.failed == "" {
		a.log.Warn("the heartbeat could not be sent", "err", err)
	}
	a.failed = err.Error()
}

func (a *auditor) ping(ctx context.Context) error {
	address, err := a.watch.heartbeat.Reveal()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return fmt.Errorf("make heartbeat: %w", err)
	}
	res, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("send heartbeat: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10))
	if res.StatusCode >= 300 {
		return fmt.Errorf("send heartbeat: the answer was %s", res.Status)
	}
	return nil
}

// findings are the auditor's lines of doctor.
func (a *auditor) findings(context.Context) []Finding {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Finding
	for _, b := range a.last {
		out = append(out, Finding{Part: "Auditor", Text: b.Rule + ": " + b.Text, Fix: "look at the log; the heartbeat is not sent until this is gone"})
	}
	switch {
	case a.watch.heartbeat.IsZero():
		out = append(out, Finding{Part: "Heartbeat", Warn: true, Text: "nobody outside notices when Mayday stops", Fix: "watch: {heartbeat_url: env:HEARTBEAT_URL}"})
	case a.failed != "":
		out = append(out, Finding{Part: "Heartbeat", Text: "cannot be sent: " + a.failed, Fix: "check watch.heartbeat_url and the way out of this machine"})
	case !a.pinged.IsZero():
		out = append(out, Finding{Part: "Heartbeat", OK: true, Text: "sent " + a.pinged.UTC().Format("15:04:05 UTC")})
	}
	return out
}

// troubles are for the banner of the war room.
func (a *auditor) troubles() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.last) == 0 {
		return nil
	}
	text := "Mayday found a fault in itself (" + a.last[0].Rule + "): " + a.last[0].Text + "."
	if more := len(a.last) - 1; more > 0 {
		text += fmt.Sprintf(" %d more are on the setup page.", more)
	}
	return []string{text + " Do not rely on its reminders until this is gone."}
}
