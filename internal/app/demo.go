package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"mayday/internal/config"
	"mayday/internal/practice"
)

// DemoOptions are the flags of `mayday demo`.
type DemoOptions struct {
	Listen   string
	Data     string // a temporary directory unless set
	Speed    float64
	Postgres string // a real, disposable database to end queries on
	Version  string
	Log      io.Writer
}

// Demo is a Mayday with a pretend company around it, on loopback.
type Demo struct {
	App    *App
	Pager  *practice.PagerDuty
	Flags  *practice.LaunchDarkly
	chats  []*practice.Chat
	Key    string // signs the first browser in
	Token  string // of the JSON API; may act as others
	Secret string // signs webhooks

	real   string // name of the real database, "" when there is none
	mu     sync.Mutex
	curl   string
	alerts []string  // alerts on checkout that stand
	broken time.Time // since when payments fail; zero while they work
	sdkKey string    // of the pretend flags
	runs   machinery
	watch  sync.WaitGroup
	stop   context.CancelFunc // of watch
	dir    string
	mine   bool // dir is temporary and removed at the end
}

// NewDemo makes the pretend company and a Mayday that is configured for it. The
// parts are the ones of production; only the addresses are pretend.
func NewDemo(ctx context.Context, o DemoOptions) (*Demo, error) {
	d := &Demo{Key: secret(), Token: secret(), Secret: secret(), sdkKey: secret(), dir: o.Data}
	if d.dir == "" {
		dir, err := os.MkdirTemp("", "mayday-demo-")
		if err != nil {
			return nil, fmt.Errorf("make demo directory: %w", err)
		}
		d.dir, d.mine = dir, true
	}
	if err := d.build(ctx, o); err != nil {
		d.clean()
		return nil, err
	}
	return d, nil
}

func (d *Demo) build(ctx context.Context, o DemoOptions) error {
	token := secret()
	pager, err := practice.NewPagerDuty(practice.Options{Secrets: []string{d.Secret}, Token: token, From: []string{"mayday@example.com"}})
	if err != nil {
		return fmt.Errorf("make practice range: %w", err)
	}
	d.Pager = pager
	api, err := pager.Start("127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("start practice range: %w", err)
	}
	flags, err := d.makeFlags(token)
	if err != nil {
		return err
	}
	if err := d.startMachinery(ctx, flags); err != nil {
		return err
	}
	if err := d.startChats(); err != nil {
		return err
	}
	file, err := d.configure(o, api, flags, token)
	if err != nil {
		return err
	}
	d.App, err = New(ctx, Options{File: file, Listen: o.Listen, Data: filepath.Join(d.dir, "data"), Speed: o.Speed, Version: o.Version, Log: o.Log,
		Demo: d.pages(o, api), DemoKey: d.Key, ActAs: true})
	return err
}

// configure writes the configuration of the pretend company. Secrets go through
// files, as in production.
func (d *Demo) configure(o DemoOptions, api, flags, token string) (*config.File, error) {
	secrets := map[string]string{"pager_secret": d.Secret, "pager_token": token, "api_token": d.Token, "postgres_dsn": o.Postgres}
	for name, value := range secrets {
		if err := os.WriteFile(filepath.Join(d.dir, name), []byte(value+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("write demo secret: %w", err)
		}
	}
	var b strings.Builder
	b.WriteString(demoHead)
	fmt.Fprintf(&b, "pagerduty:\n  api_url: %s\n  webhook_secret: file:%s\n  token: file:%s\n  from: mayday@example.com\n", api, d.path("pager_secret"), d.path("pager_token"))
	fmt.Fprintf(&b, "web:\n  tokens: [{name: ana, role: approver, token: 'file:%s'}]\n", d.path("api_token"))
	b.WriteString("services:\n")
	for _, s := range d.Pager.Services() {
		b.WriteString(d.serviceSection(s))
	}
	sections, err := d.chatSections()
	if err != nil {
		return nil, fmt.Errorf("write demo secret: %w", err)
	}
	b.WriteString(sections)
	fmt.Fprintf(&b, "people:\n  responder: [%s]\n  approver: [%s]\n  same:\n", d.everybody("Ana"), d.everybody("Li"))
	for _, p := range d.Pager.People() {
		name, _, _ := strings.Cut(p.Name, " ")
		fmt.Fprintf(&b, "  - {name: %s, pagerduty: %s, web: %s%s}\n", name, p.ID, strings.ToLower(name), d.accounts(name))
	}
	fmt.Fprintf(&b, "connect:\n  launchdarkly: {api_url: '%s', token: 'file:%s', project: web, environment: production}\n", flags, d.path("pager_token"))
	fmt.Fprintf(&b, "  k8s: {prod: {kubeconfig: '%s', context: practice}}\n  prometheus: {url: '%s'}\n", d.path("kubeconfig"), d.runs.figures.URL())
	if o.Postgres != "" {
		d.real = "payments-db"
		fmt.Fprintf(&b, "  postgres: {payments-db: {dsn: 'file:%s'}}\n", d.path("postgres_dsn"))
	}
	file, err := config.Parse("demo.yaml", []byte(b.String()))
	if err != nil {
		return nil, fmt.Errorf("configure the demo: %w", err)
	}
	return file, nil
}

const demoHead = "log: {level: warn}\nsafety: {approval_expires: 10m}\n"

// demoImpact is what users of the pretend shop feel.
var demoImpact = map[string]string{
	"checkout":    "Paying fails for some. Browsing works.",
	"search":      "Search is slow or empty.",
	"workers":     "Mails and receipts come late.",
	"payments-db": "Paying is slow or fails.",
	"rabbitmq":    "Orders are confirmed late.",
}

func (d *Demo) path(name string) string { return filepath.Join(d.dir, name) }

// badFlag is the one that goes wrong in the fifth step of the guide.
const badFlag = "checkout-v2"

// makeFlags starts a pretend LaunchDarkly in which the bad flag is still off.
func (d *Demo) makeFlags(token string) (string, error) {
	var open atomic.Bool // what was done before lies a day back, and is nobody's suspect
	flags, err := practice.NewLaunchDarkly(practice.LDOptions{Token: token, SDKKey: d.sdkKey, Now: func() time.Time {
		if open.Load() {
			return time.Now()
		}
		return time.Now().Add(-26 * time.Hour)
	}})
	if err != nil {
		return "", fmt.Errorf("make pretend flags: %w", err)
	}
	d.Flags = flags
	off := false
	if err := flags.SetBy("Li", badFlag, practice.LDChange{On: &off, Comment: "not yet"}); err != nil {
		return "", fmt.Errorf("turn the bad flag off: %w", err)
	}
	open.Store(true)
	api, err := flags.Start("127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("start pretend flags: %w", err)
	}
	return api, nil
}

// breakShop turns the bad flag on, as somebody did just before the alert.
func (d *Demo) breakShop() error {
	on := true
	if err := d.Flags.SetBy("Li", badFlag, practice.LDChange{On: &on, Comment: "second version of the checkout, for everybody"}); err != nil {
		return fmt.Errorf("turn the bad flag on: %w", err)
	}
	id, err := d.Pager.Trigger(practice.TriggerSpec{Title: "checkout: 31% of payments fail (usual 0.3%)", Service: "checkout", Urgency: "high", Assignee: "Ana"})
	if err != nil {
		return fmt.Errorf("send the webhook: %w", err)
	}
	d.mu.Lock()
	d.alerts = append(d.alerts, id)
	d.breaks()
	d.mu.Unlock()
	return nil
}

// Start begins to serve and aims the pretend PagerDuty at it. On an error
// nothing remains.
func (d *Demo) Start(ctx context.Context) error {
	if err := d.start(ctx); err != nil {
		err = errors.Join(err, d.App.Stop())
		d.clean()
		return err
	}
	return nil
}

func (d *Demo) start(ctx context.Context) error {
	if err := d.App.Start(ctx); err != nil {
		return err
	}
	if err := d.Pager.Aim(d.App.URL() + "/hooks/pagerduty"); err != nil {
		return fmt.Errorf("aim the practice range: %w", err)
	}
	curl, err := d.Pager.Curl("incident.triggered")
	if err != nil {
		return fmt.Errorf("make the curl of the guide: %w", err)
	}
	d.mu.Lock()
	d.curl = curl
	d.mu.Unlock()
	ctx, d.stop = context.WithCancel(ctx)
	d.watch.Go(func() { d.monitor(ctx) })
	return nil
}

// Wait runs until ctx ends or a part fails; then nothing remains.
func (d *Demo) Wait(ctx context.Context) error {
	defer d.clean()
	return d.App.Wait(ctx)
}

func (d *Demo) clean() {
	if d.stop != nil {
		d.stop()
	}
	d.watch.Wait()
	d.runs.close()
	d.closeChats()
	if d.Flags != nil {
		d.Flags.Close()
	}
	if d.Pager != nil {
		d.Pager.Close()
	}
	if d.mine {
		_ = os.RemoveAll(d.dir) // it lies in the temporary directory in any case
	}
}

func secret() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return hex.EncodeToString(b)
}
