package app

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"mayday/bot/chat"
	"mayday/internal/config"
	discord "mayday/internal/practice/discord"
	slack "mayday/internal/practice/slack"
)

// canaries are values that must not come out anywhere (P18, I12), by the name of
// the file that holds them. Each has letters that every encoding writes otherwise.
type canaries struct {
	dir    string
	values map[string]string
}

func newCanaries(t *testing.T) *canaries {
	t.Helper()
	c := &canaries{dir: t.TempDir(), values: map[string]string{}}
	for n, name := range []string{"pd_hook", "pd_token", "pd_events", "am_token", "am_password", "changes", "ld_sdk", "ld_token", "prom_token", "honey",
		"ana", "li", "slack_signing", "k8s_token", "pg_password", "beat"} {
		sum := sha256.Sum256([]byte(name))
		c.put(t, name, fmt.Sprintf("cAnary%02d+/=~%x?&<é", n, sum[:9]))
	}
	// Headers take no letters beyond ASCII, and vendors want beginnings of their own.
	for n, name := range []string{"slack_bot", "slack_app", "discord_token", "k8s_token", "prom_token", "pd_token", "ld_sdk", "ld_token", "honey", "ana", "li", "am_token", "changes", "pd_events"} {
		sum := sha256.Sum256([]byte(name + "ascii"))
		prefix := map[string]string{"slack_bot": "xoxb-", "slack_app": "xapp-"}[name]
		c.put(t, name, fmt.Sprintf("%scAnary%02d+/=%x", prefix, n+50, sum[:9]))
	}
	return c
}

func (c *canaries) put(t *testing.T, name, value string) {
	t.Helper()
	c.values[name] = value
	c.write(t, name, value+"\n")
}

func (c *canaries) write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// forms are the ways in which a value may show: also as part of the base64 of
// something longer, at each of the three places that it can have there.
func forms(value string) map[string]string {
	raw := []byte(value)
	quoted, _ := json.Marshal(value)
	out := map[string]string{
		"raw": value, "hex": hex.EncodeToString(raw), "HEX": strings.ToUpper(hex.EncodeToString(raw)),
		"query": url.QueryEscape(value), "path": url.PathEscape(value), "JSON": strings.Trim(string(quoted), `"`),
		"base64": base64.StdEncoding.EncodeToString(raw), "base64 without padding": base64.RawStdEncoding.EncodeToString(raw),
		"base64 for URLs": base64.URLEncoding.EncodeToString(raw), "base64 for URLs without padding": base64.RawURLEncoding.EncodeToString(raw),
	}
	for n, before := range []string{"user:", "users:", "u:"} {
		out[fmt.Sprintf("Basic %d", n)] = base64.StdEncoding.EncodeToString([]byte(before + value))
	}
	return out
}

// told is a text that says every canary in every form.
func (c *canaries) told(name string) string {
	all := forms(c.values[name])
	var out []string
	for form, text := range all {
		out = append(out, form+" "+text)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// scan fails when some of the text holds a canary in whatever form. Of the longer
// base64 only the part that is the secret's alone counts.
func (c *canaries) scan(t *testing.T, where string, text []byte) {
	t.Helper()
	for name, value := range c.values {
		for form, shown := range forms(value) {
			if strings.HasPrefix(form, "Basic") {
				shown = shown[8 : len(shown)-8]
			}
			if at := bytes.Index(text, []byte(shown)); at >= 0 {
				t.Errorf("%s has %s as %s: ...%q...", where, name, form, text[max(0, at-60):min(len(text), at+90)])
				return
			}
		}
	}
}

func (c *canaries) scanDir(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Base(path) == "ballast" {
			return err
		}
		raw, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		files++
		c.scan(t, path, raw)
		return err
	})
	if err != nil || files < 2 {
		t.Errorf("looked at %d files of the store: %v", files, err)
	}
}

// leaky is the configuration with every secret that there is.
const leaky = `
chat:
  slack: {mode: socket, api_url: 'SLACK/api/', bot_token: 'file:DIR/slack_bot', app_token: 'file:DIR/slack_app', signing_secret: 'file:DIR/slack_signing'}
  discord: {mode: gateway, api_url: 'DISCORD', token: 'file:DIR/discord_token', application_id: "` + discord.Application + `", public_key: 'KEY', server: "` + discord.Guild + `"}
pagerduty: {webhook_secret: 'file:DIR/pd_hook', token: 'file:DIR/pd_token', events_keys: 'file:DIR/pd_events', from: mayday@example.com, api_url: 'HOSTILE/pd'}
alertmanager: {token: 'file:DIR/am_token', url: 'HOSTILE/am', user: mayday, password: 'file:DIR/am_password'}
changes: {token: 'file:DIR/changes'}
people: {responder: [web:ana, "slack:` + slack.Ana + `"], approver: [web:li], commander: [web:li], same: [{name: Ana, web: ana, pagerduty: PANA}]}
services:
  checkout: {pagerduty: PSHOP, impact: "Paying fails.", match: {service: checkout}, k8s: {cluster: prod, namespace: shop, deployment: checkout}, charts: {errors: {prom: 'rate(errors[1m])', bad: 0.05}}}
connect:
  launchdarkly: {api_url: 'HOSTILE/ld', stream_url: 'HOSTILE/ldstream', sdk_key: 'file:DIR/ld_sdk', token: 'file:DIR/ld_token', project: web, environment: production}
  prometheus: {url: 'HOSTILE/prom', token: 'file:DIR/prom_token'}
  postgres: {payments-db: {dsn: 'file:DIR/dsn'}}
  k8s: {prod: {kubeconfig: 'file:DIR/kube'}}
  HONEY
  exec: {leak: {path: 'DIR/leak', grade: change, show: true, sha256: 'SUM', env: staging}}
web: {tokens: [{name: ana, role: responder, token: 'file:DIR/ana'}, {name: li, role: admin, token: 'file:DIR/li'}], url: 'http://127.0.0.1:7373', oidc: {issuer: 'http://127.0.0.1:1', client_id: mayday, client_secret: 'file:DIR/client_secret'}}
watch: {heartbeat_url: 'file:DIR/beat_url', every: 1s}
playbooks: DIR/books
log: {level: debug, format: FORMAT}
shutdown: 2s
`

const leakBooks = `
name: leak
say: Runs a program that tells everything
ask: [{word: {type: text, default: x}}]
steps:
  - tell: "The word is $word"
    id: told
  - exec: [leak]
`

// TestEverySecretIsAmongTheCanaries: a secret that the configuration takes and
// that the test does not know would prove nothing.
func TestEverySecretIsAmongTheCanaries(t *testing.T) {
	field := regexp.MustCompile("(?m)^[^/\n]*config\\.Secrets?\\s+`yaml:\"(\\w+)\"`")
	elsewhere := []string{"postgres", "seal_key", "password"} // in TestDSNOfTheStore; prometheus takes a token or a password
	for _, dir := range []string{".", "../../bot", "../../integrations"} {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			source, err := os.ReadFile(path)
			for _, m := range field.FindAllSubmatch(source, -1) {
				key := string(m[1])
				if !regexp.MustCompile(`\b`+key+`: '?file:`).MatchString(leaky+"key: file:") && !slices.Contains(elsewhere, key) && key != "api_token" {
					t.Errorf("%s takes the secret %q, and no canary stands there", path, key)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// cage is a Mayday in which everything outside repeats what it is given.
type cage struct {
	*canaries
	t       *testing.T
	app     *App
	log     *syncBuffer
	data    string
	hostile *hostile
	text    string
	pressed string // what the last press was answered
}

func newCage(t *testing.T, format, slackURL, discordURL, discordKey string) *cage {
	t.Helper()
	c := &cage{canaries: newCanaries(t), t: t, log: &syncBuffer{}, data: t.TempDir()}
	c.hostile = newHostile(t, c.canaries)
	c.write(t, "dsn", fmt.Sprintf("postgres://mayday:%s@%s/shop?sslmode=disable&connect_timeout=3", url.QueryEscape(c.values["pg_password"]), c.hostile.postgres))
	c.write(t, "beat_url", c.hostile.URL+"/ping/"+url.PathEscape(c.values["beat"]))
	c.write(t, "kube", fmt.Sprintf(`{"apiVersion":"v1","kind":"Config","current-context":"x","clusters":[{"name":"x","cluster":{"server":"%s/k8s","insecure-skip-tls-verify":true}}],
		"contexts":[{"name":"x","context":{"cluster":"x","user":"x"}}],"users":[{"name":"x","user":{"token":"%s"}}]}`, c.hostile.tls, c.values["k8s_token"]))
	script := "#!/bin/sh\ncat '" + c.dir + "/said'\nenv > '" + c.dir + "/env.out'\necho \"$0 $*\" >> '" + c.dir + "/env.out'\ncat '" + c.dir + "/said' >&2\nexit 3\n"
	if err := os.WriteFile(filepath.Join(c.dir, "leak"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for name := range c.values {
		said.WriteString(c.told(name) + "\n")
	}
	c.write(t, "said", said.String())
	if err := os.Mkdir(filepath.Join(c.dir, "books"), 0o700); err != nil {
		t.Fatal(err)
	}
	c.write(t, "books/leak.yaml", leakBooks)
	sum := sha256.Sum256([]byte(script))
	slackURL, discordURL = strings.Replace(slackURL, "HOST", c.hostile.URL, 1), strings.Replace(discordURL, "HOST", c.hostile.URL, 1)
	c.text = strings.NewReplacer("HOSTILE", c.hostile.URL, "DIR", c.dir, "SLACK", slackURL, "DISCORD", discordURL, "KEY", discordKey, "FORMAT", format, "SUM", hex.EncodeToString(sum[:])).Replace(leaky)
	honey := "honeycomb: {key: 'file:" + c.dir + "/honey', api_url: '" + c.hostile.URL + "/honey'}"
	if format != "json" { // the library keeps its state in globals, so one Mayday of a process traces
		honey = ""
		delete(c.values, "honey")
	}
	c.text = strings.Replace(c.text, "HONEY", honey, 1)
	var err error
	if c.app, err = New(t.Context(), Options{File: c.parse(), Listen: "127.0.0.1:0", Data: c.data, Log: c.log, Faster: 100}); err != nil {
		t.Fatal(err)
	}
	for _, p := range c.app.problems {
		if !p.Warning {
			t.Fatalf("playbook: %s", p)
		}
	}
	if err := c.app.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *cage) parse() *config.File {
	c.t.Helper()
	file, err := config.Parse("mayday.yaml", []byte(c.text))
	if err != nil {
		c.t.Fatal(err)
	}
	return file
}

func (c *cage) say(text string) {
	m, err := c.app.handler.Handle(c.t.Context(), chat.Interaction{Platform: "web", User: chat.User{ID: "ana", Name: "ana"}, At: time.Now(), Text: text})
	if err != nil {
		c.scan(c.t, "an error in chat", []byte(err.Error()))
	}
	raw, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	c.scan(c.t, "an answer in chat", raw)
}

// get fetches a page or an answer of the API, and scans it with its headers.
func (c *cage) get(path string) []byte {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 20*time.Second)
	defer cancel()
	if strings.Contains(path, "/events") {
		ctx, cancel = context.WithTimeout(c.t.Context(), time.Second)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.app.URL()+path, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+c.values["ana"])
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(res.Body) // a stream ends with the time that it was given
	c.scan(c.t, "GET "+path, fmt.Appendf(body, "%v", res.Header))
	return body
}

// knock brings a body to a door.
func (c *cage) knock(path, header, value string, body []byte) {
	c.t.Helper()
	req, err := http.NewRequest(http.MethodPost, c.app.URL()+path, bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(header, value)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	answer, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	c.scan(c.t, "the answer of "+path, answer)
	if res.StatusCode != http.StatusAccepted {
		c.t.Errorf("%s answered %s: %s", path, res.Status, answer)
	}
}

// provoke makes everything that can quote a secret do so.
func (c *cage) provoke() {
	t := c.t
	for name := range c.values {
		told := c.told(name)
		body, err := json.Marshal(map[string]any{"event": map[string]any{"id": "EV" + name + c.values[name], "event_type": "incident.triggered", "resource_type": "incident", "occurred_at": time.Now().Format(time.RFC3339Nano),
			"data": map[string]any{"id": "P" + name, "type": "incident", "title": "leak: " + told, "status": "triggered", "urgency": "high", "html_url": "https://pd.example/?t=" + url.QueryEscape(c.values[name]), "service": map[string]any{"id": "PSHOP", "summary": "checkout"}}}})
		if err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, []byte(c.values["pd_hook"]))
		mac.Write(body)
		c.knock("/hooks/pagerduty", "X-PagerDuty-Signature", "v1="+hex.EncodeToString(mac.Sum(nil)), body)
		strange := []byte(`{"what": ` + string(must(json.Marshal(told))) + `, "is": "this"}`)
		mac.Reset()
		mac.Write(strange)
		c.knock("/hooks/pagerduty", "X-PagerDuty-Signature", "v1="+hex.EncodeToString(mac.Sum(nil)), strange)
		change := must(json.Marshal(map[string]string{"service": "checkout", "summary": told, "author": c.values[name], "url": "https://ci.example/", "at": time.Now().Format(time.RFC3339)}))
		c.knock("/hooks/changes", "Authorization", "Bearer "+c.values["changes"], change)
		alert := must(json.Marshal(map[string]any{"version": "4", "status": "firing", "groupKey": told, "receiver": "mayday", "groupLabels": map[string]string{"alertname": told},
			"alerts": []any{map[string]any{"status": "firing", "fingerprint": "f" + name, "startsAt": time.Now().Format(time.RFC3339), "labels": map[string]string{"alertname": "leak", "service": "checkout", "token": c.values[name]}, "annotations": map[string]string{"summary": told}}}}))
		c.knock("/hooks/alertmanager", "Authorization", "Bearer "+c.values["am_token"], alert)
		c.say("open " + told + " service=checkout")
		c.say("note INC-1 " + told)
		c.say("nonsense " + told)
		c.get("/api/v1/incidents?state=" + url.QueryEscape(c.values[name]))
		c.get("/api/v1/incidents?cursor=" + url.QueryEscape(told))
		c.get("/i/" + url.PathEscape(c.values[name]))
	}
	for _, text := range []string{"own INC-1", "update INC-1 " + c.told("li"), "run INC-1 kill-queries database=payments-db older_than=1s", "run INC-1 flag-off flag=new-cart", "run INC-1 leak word=fine", "run INC-1 leak word=" + c.values["changes"],
		"run INC-1 " + c.values["ana"], "sev INC-1 " + c.values["ana"], "postmortem INC-1", "export INC-1", "resolve INC-2", "doctor", "help"} {
		c.say(text)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// runProgram presses the program of the playbook, whose output is a leak.
func (c *cage) runProgram() {
	c.t.Helper()
	eventuallyAll(c.t, "the program has run", func() string {
		if _, err := os.Stat(filepath.Join(c.dir, "env.out")); err == nil {
			return ""
		}
		for _, verb := range []string{"told", "done", "start", "next"} {
			c.pressVerb(verb)
		}
		var verbs []string
		rows, _ := c.app.store.Posted(c.t.Context(), "web", "operations", "INC-1")
		for _, row := range rows {
			var m chat.Message
			_ = json.Unmarshal(row.Body, &m)
			for _, b := range m.Buttons {
				verbs = append(verbs, b.Verb)
			}
		}
		return fmt.Sprintf("it has not; there are %v; %s", verbs, c.pressed)
	})
}

// pressVerb presses the newest button of this verb in the first thread.
func (c *cage) pressVerb(verb string) {
	rows, err := c.app.store.Posted(c.t.Context(), "web", "operations", "INC-1")
	if err != nil {
		c.t.Fatal(err)
	}
	for _, row := range slices.Backward(rows) {
		var m chat.Message
		if err := json.Unmarshal(row.Body, &m); err != nil {
			c.t.Fatal(err)
		}
		for _, b := range append(m.Buttons, m.More...) {
			if b.Verb == verb || strings.HasPrefix(b.Verb, verb) {
				m, err := c.app.handler.Handle(c.t.Context(), chat.Interaction{Platform: "web", User: chat.User{ID: "ana", Name: "ana"}, At: time.Now(), Button: b.ID})
				c.scan(c.t, "the answer to a press", fmt.Appendf(nil, "%+v %v", m, err))
				c.pressed = fmt.Sprintf("%s: %s %v", b.Verb, m.Text, err)
				return
			}
		}
	}
}

// settle waits until what was to be sent was sent, or tried.
func (c *cage) settle(enough func() string) {
	c.t.Helper()
	eventuallyAll(c.t, "it has settled", enough)
}

// scanAll looks into everything that people or programs can read.
func (c *cage) scanAll() {
	t := c.t
	c.app.clinic.Again(t.Context())
	for _, path := range []string{"/", "/incidents", "/i/1", "/i/2", "/playbooks", "/playbooks/leak", "/changes", "/setup", "/help", "/readyz", "/healthz", "/metrics",
		"/api/v1/incidents?state=all", "/api/v1/incidents/INC-1", "/api/v1/incidents/INC-1/timeline", "/api/v1/incidents/INC-1/messages", "/api/v1/incidents/INC-1/postmortem", "/i/1/postmortem",
		"/api/v1/quarantine", "/api/v1/doctor", "/api/v1/changes", "/api/v1/playbooks", "/api/v1/events?since=0", "/api/v1/nowhere"} {
		c.get(path)
	}
	c.scan(t, "the log", []byte(c.log.String()))
	c.scanDir(t, c.data) // with the write-ahead log, while it is written
	found, err := Doctor(t.Context(), c.parse(), config.Env{})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(found)
	if err != nil || len(found) < 5 {
		t.Fatalf("doctor: %v, %v", found, err)
	}
	c.scan(t, "doctor", raw)
	c.scan(t, "what is sent to vendors", []byte(c.hostile.bodies()))
	if err := c.app.Stop(); err != nil {
		c.scan(t, "the error of the stop", []byte(err.Error()))
	}
	c.scanDir(t, c.data)
	c.scan(t, "the log at the end", []byte(c.log.String()))
	if n := strings.Count(c.log.String(), "[redacted]"); n < 5 {
		t.Errorf("the log has %d marks of a mask: nothing was provoked", n)
	}
}

// TestNoSecretLeaves is I12: pretend Slack and Discord, and a world that repeats
// every secret in every form.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	c := newCanaries(t)
	s, err := slack.New(slack.Options{BotToken: c.values["slack_bot"], AppToken: c.values["slack_app"], SigningSecret: c.values["slack_signing"], Faster: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	slackURL := must(s.Start("127.0.0.1:0"))
	d, err := discord.New(discord.Options{Token: c.values["discord_token"], Faster: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	g := newCage(t, "json", slackURL, must(d.Start("127.0.0.1:0")), d.PublicKeyHex())
	g.provoke()
	g.runProgram()
	g.say("freeze on " + g.told("am_token"))
	g.settle(func() string {
		if len(s.Messages(slack.Operations)) == 0 || len(d.Threads()) == 0 {
			return "nothing was said on one of the platforms"
		}
		waiting, _, err := g.app.store.Depth(t.Context())
		if err != nil || waiting > 20 { // calls to the hostile PagerDuty wait for ever
			return fmt.Sprintf("%d messages wait, %v", waiting, err)
		}
		return ""
	})
	for _, root := range s.Messages(slack.Operations) {
		g.scan(t, "Slack", must(json.Marshal(s.Thread(slack.Operations, root.TS))))
	}
	for _, th := range d.Threads() {
		g.scan(t, "Discord", must(json.Marshal([]any{th, d.Messages(th.ID)})))
	}
	env, err := os.ReadFile(filepath.Join(g.dir, "env.out"))
	if err != nil {
		t.Fatal(err)
	}
	g.scan(t, "the environment of a program", env)
	g.scanAll()
}

// TestNoSecretLeavesWithoutChat: chat platforms that repeat their tokens as well.
func TestNoSecretLeavesWithoutChat(t *testing.T) {
	t.Parallel()
	c := newCage(t, "text", "HOST/slack/", "HOST", strings.Repeat("ab", 32))
	c.provoke()
	c.settle(func() string {
		for _, part := range []string{"/slack", "/api", "/k8s", "/ld", "/prom", "/ping"} {
			if !c.hostile.asked(part) {
				return "nobody asked " + part
			}
		}
		return ""
	})
	c.scanAll()
}

// TestDSNOfTheStore: the error of a start that fails names no password.
func TestDSNOfTheStore(t *testing.T) {
	c := newCanaries(t)
	h := newHostile(t, c)
	for name, dsn := range map[string]string{
		"a URL":     fmt.Sprintf("postgres://mayday:%s@%s/shop?sslmode=disable", url.QueryEscape(c.values["pg_password"]), h.postgres),
		"key=value": fmt.Sprintf("host=127.0.0.1 port=%s user=mayday dbname=shop sslmode=disable password='%s'", h.postgres[strings.LastIndexByte(h.postgres, ':')+1:], c.values["pg_password"]),
		"broken":    fmt.Sprintf("postgres://mayday:%s@nowhere:port/", c.values["pg_password"]),
	} {
		c.write(t, "dsn", dsn)
		file := must(config.Parse("mayday.yaml", fmt.Appendf(nil, "store: {postgres: 'file:%[1]s/dsn', seal_key: 'file:%[1]s/honey'}\n", c.dir)))
		log := &syncBuffer{}
		_, err := New(t.Context(), Options{File: file, Listen: "127.0.0.1:0", Log: log})
		if err == nil {
			t.Fatalf("%s: it started", name)
		}
		c.scan(t, name, fmt.Appendf(nil, "%v %+v %#v %s", err, err, err, log.String()))
		found, err := Doctor(t.Context(), must(config.Parse("mayday.yaml", fmt.Appendf(nil, "store: {postgres: 'file:%[1]s/dsn'}\n", c.dir))), config.Env{})
		c.scan(t, name+", doctor", fmt.Appendf(nil, "%v %v", found, err))
	}
}
