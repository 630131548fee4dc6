package app

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/incident"
)

// TestTalk runs the conversation scripts: what people and sources say, what the
// clock does, and what then stands in the rooms. They go through the real door,
// store, loop and handler; only the clock is the script's.
func TestTalk(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/talk",
		Setup: func(e *testscript.Env) error {
			talk := &talk{dir: e.WorkDir, now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)}
			e.Values[talkKey{}] = talk
			e.Defer(talk.close)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"start": on((*talk).start), "restart": on((*talk).restart), "stop": on((*talk).stop), "clock": on((*talk).clock), "jump": on((*talk).jump),
			"event": on((*talk).event), "say": on((*talk).say), "press": on((*talk).press), "reply": on((*talk).reply),
			"thread": on((*talk).thread), "last": on((*talk).last), "card": on((*talk).card), "status": on((*talk).status),
			"count": on((*talk).count), "incident": on((*talk).incident), "mentions": on((*talk).mentions), "timeline": on((*talk).timeline),
			"nudges": on((*talk).nudges), "buttons": on((*talk).buttons), "print": on((*talk).print), "keep": on((*talk).keep),
			"field": on((*talk).field), "incidents": on((*talk).incidents), "inbox": on((*talk).inbox), "atmost": on((*talk).atMost),
		},
	})
}

type talkKey struct{}

// talk is the state of one script.
type talk struct {
	dir    string
	mu     sync.Mutex
	now    time.Time
	app    *App
	answer chat.Message
	err    error
	seq    int
	places []chat.Platform   // beside the war room
	kept   map[string]string // ids of buttons, by the script's name for them
}

const talkSecret = "script-secret-0123456789"

const talkConfig = `
pagerduty: {webhook_secret: env:TALK_SECRET}
people:
  responder: [web:ana, web:li]
  commander: [web:cleo]
  approver: [web:sam]
  same:
    - {name: Ana, web: ana, pagerduty: PANA}
    - {name: Li, web: li, pagerduty: PLI}
    - {name: Sam, web: sam}
    - {name: Cleo, web: cleo}
services:
  checkout: {pagerduty: PCHECK, impact: "Paying fails. Browsing works.", do_not: ["restart payments-db: failover takes 12 min"]}
  search: {pagerduty: PSEARCH, declare: press}
  batch: {pagerduty: PBATCH, group: key, declare: always}
`

// on adapts a method; a command that fails where `!` expects it is fine.
func on(f func(*talk, []string) error) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		err := f(ts.Value(talkKey{}).(*talk), args)
		switch {
		case err != nil && !neg:
			ts.Fatalf("%v", err)
		case err == nil && neg:
			ts.Fatalf("it held, and should not")
		}
	}
}

func (k *talk) time() time.Time { k.mu.Lock(); defer k.mu.Unlock(); return k.now }

func (k *talk) start([]string) error {
	text := talkConfig
	if own, err := os.ReadFile(filepath.Join(k.dir, "mayday.yaml")); err == nil {
		text = string(own)
	}
	if err := os.Setenv("TALK_SECRET", talkSecret); err != nil {
		return err
	}
	f, err := config.Parse("mayday.yaml", []byte(text))
	if err != nil {
		return err
	}
	k.app, err = New(context.Background(), Options{File: f, Listen: "127.0.0.1:0", Data: filepath.Join(k.dir, "data"), Clock: k.time, Log: &bytes.Buffer{}, Manual: true, Platforms: k.places})
	if err != nil {
		return err
	}
	if err := k.app.Start(context.Background()); err != nil {
		return err
	}
	return k.app.Drain(context.Background())
}

func (k *talk) stop([]string) error {
	app := k.app
	k.app = nil
	return app.Stop()
}

func (k *talk) restart(args []string) error {
	if err := k.stop(nil); err != nil {
		return err
	}
	if len(args) == 1 {
		if err := k.jumpOnly(args[0]); err != nil {
			return err
		}
	}
	return k.start(nil)
}

func (k *talk) close() {
	if k.app != nil {
		_ = k.app.Stop()
	}
}

func (k *talk) jumpOnly(arg string) error {
	d, err := time.ParseDuration(strings.TrimPrefix(arg, "+"))
	if err != nil {
		return err
	}
	k.mu.Lock()
	k.now = k.now.Add(d)
	k.mu.Unlock()
	return nil
}

// clock lets time pass as it does for a running process: in small steps, doing
// what is due at each.
func (k *talk) clock(args []string) error {
	d, err := time.ParseDuration(strings.TrimPrefix(args[0], "+"))
	if err != nil {
		return err
	}
	for d > 0 {
		step := min(d, 20*time.Second)
		d -= step
		if err := k.jumpOnly(step.String()); err != nil {
			return err
		}
		if err := k.app.Drain(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

// jump moves the clock at once, also backwards.
func (k *talk) jump(args []string) error {
	if err := k.jumpOnly(args[0]); err != nil {
		return err
	}
	return k.app.Drain(context.Background())
}

// event posts a signed delivery: event TYPE KEY [name=value ...].
func (k *talk) event(args []string) error {
	k.seq++
	at, id := k.time(), fmt.Sprintf("EV%04d", k.seq)
	data := map[string]any{"id": args[1], "type": "incident", "html_url": "https://acme.pagerduty.com/incidents/" + args[1], "number": 1,
		"title": "errors 12% (usual 0.3%)", "urgency": "high", "status": "triggered",
		"service":   map[string]any{"id": "PCHECK", "summary": "checkout", "type": "service_reference"},
		"assignees": []any{map[string]any{"id": "PANA", "summary": "Ana A.", "type": "user_reference"}}}
	agent := any(nil)
	for _, a := range args[2:] {
		name, value, _ := strings.Cut(a, "=")
		switch name {
		case "id":
			id = value
		case "ago":
			d, err := time.ParseDuration(value)
			if err != nil {
				return err
			}
			at = at.Add(-d)
		case "long":
			n, err := strconv.Atoi(value)
			if err != nil {
				return err
			}
			data["title"] = strings.Repeat("words ", n/6)
		case "service":
			data["service"] = map[string]any{"id": value, "summary": value, "type": "service_reference"}
		case "assignee":
			data["assignees"] = []any{map[string]any{"id": value, "summary": value, "type": "user_reference"}}
		case "priority":
			data["priority"] = map[string]any{"id": "P", "summary": value, "type": "priority_reference"}
		case "agent":
			agent = map[string]any{"id": value, "summary": value, "type": "user_reference"}
		case "merge":
			data["resolve_reason"] = map[string]any{"type": "merge_resolve_reason", "incident": map[string]any{"id": value, "type": "incident_reference"}}
		default:
			data[name] = value
		}
	}
	if args[0] == "annotated" || args[0] == "status_update_published" {
		kind := map[string]string{"annotated": "incident_note", "status_update_published": "incident_status_update"}[args[0]]
		data = map[string]any{"type": kind, "id": "N1", "content": data["content"], "message": data["content"],
			"incident": map[string]any{"id": args[1], "summary": data["title"], "type": "incident_reference"}}
	}
	body, err := json.Marshal(map[string]any{"event": map[string]any{"id": id, "event_type": "incident." + args[0], "resource_type": "incident",
		"occurred_at": at.Format(time.RFC3339Nano), "agent": agent, "client": nil, "data": data}})
	if err != nil {
		return err
	}
	return k.deliver(body)
}

func (k *talk) deliver(body []byte) error {
	mac := hmac.New(sha256.New, []byte(talkSecret))
	mac.Write(body)
	req, err := http.NewRequest(http.MethodPost, k.app.URL()+"/hooks/pagerduty", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("X-PagerDuty-Signature", "v1=00ff, v1="+hex.EncodeToString(mac.Sum(nil)))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("the door answered %d", resp.StatusCode)
	}
	return k.app.Drain(context.Background())
}

func (k *talk) handle(in chat.Interaction) error {
	in.Platform, in.At = "web", k.time()
	k.answer, k.err = k.app.handler.Handle(context.Background(), in)
	return k.app.Drain(context.Background())
}

// say types a command: say ana own. A refusal is the reply, not a failure.
func (k *talk) say(args []string) error {
	return k.handle(chat.Interaction{User: chat.User{ID: args[0], Name: args[0]}, Text: strings.ReplaceAll(strings.Join(args[1:], " "), `\n`, "\n")})
}

// press presses the newest button of that label: press ana 'No change' [field=value].
func (k *talk) press(args []string) error {
	b, err := k.find(args[1])
	if err != nil {
		return err
	}
	in := chat.Interaction{User: chat.User{ID: args[0], Name: args[0]}, Button: b}
	for _, a := range args[2:] {
		name, value, _ := strings.Cut(a, "=")
		if in.Input == nil {
			in.Input = map[string]any{}
		}
		in.Input[name] = value
		if strings.Contains(value, ",") {
			var list []any
			for _, v := range strings.Split(value, ",") {
				list = append(list, v)
			}
			in.Input[name] = list
		}
	}
	return k.handle(in)
}

// find answers the id of a button: in the last reply first (a form's label
// counts), then in the messages, newest first.
func (k *talk) find(label string) (string, error) {
	if id := k.kept[label]; id != "" {
		return id, nil
	}
	all := k.messages()
	slices.Reverse(all)
	for _, m := range append([]chat.Message{k.answer}, all...) {
		if m.Form != nil && m.Form.Label == label {
			return m.Form.Submit, nil
		}
		for _, b := range append(append([]chat.Button(nil), m.Buttons...), m.More...) {
			if b.Label == label {
				return b.ID, nil
			}
		}
	}
	return "", fmt.Errorf("there is no button %q", label)
}

// messages are those of all threads in #operations, cards included.
func (k *talk) messages() []chat.Message {
	all, err := k.app.store.Incidents(context.Background(), incident.Filter{State: "all"})
	if err != nil {
		return nil
	}
	var out []chat.Message
	slices.Reverse(all)
	for _, i := range all {
		out = append(out, k.posted("operations", i.ID())...)
	}
	return out
}

func (k *talk) posted(room, thread string) []chat.Message {
	rows, err := k.app.store.Posted(context.Background(), "web", room, thread)
	if err != nil {
		return nil
	}
	var out []chat.Message
	for _, r := range rows {
		var m chat.Message
		if json.Unmarshal(r.Body, &m) == nil {
			out = append(out, m)
		}
	}
	return out
}
