package discord

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

// endpoint answers one call with a status and a JSON value, or a *refusal.
type endpoint func(c *call) (status int, value any, err error)

// route is one path of the API. A major parameter gives each of its values a
// bucket of its own.
type route struct {
	method, path string
	parts        []string
	open         bool // needs no bot token
	rate         rate
	answer       endpoint
}

// call is a request of the API.
type call struct {
	*http.Request
	body []byte
	args map[string]string
	name string // the route: "POST /channels/{channel}/messages"
}

const largestBody = 10 << 20

var apiPath = regexp.MustCompile(`^/api(?:/v(\d+))?(/.*)$`)

// ServeHTTP answers the API, the gateway and the page.
func (d *Discord) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if websocket.IsWebSocketUpgrade(r) {
		d.gateway.serve(w, r)
		return
	}
	m := apiPath.FindStringSubmatch(r.URL.Path)
	if m == nil {
		d.page(w, r)
		return
	}
	d.api(w, r, m[1], m[2])
}

func (d *Discord) api(w http.ResponseWriter, r *http.Request, version, path string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	c := &call{Request: r, body: body}
	one := &Call{
		At: d.now(), Method: r.Method, Path: r.URL.RequestURI(), Body: string(body), ContentType: r.Header.Get("Content-Type"),
		UserAgent: r.Header.Get("User-Agent"), AuditReason: r.Header.Get("X-Audit-Log-Reason"),
	}
	to, reason := d.find(r.Method, path, c)
	one.Route = c.name
	d.audit.note(one)
	if err != nil {
		d.answer(w, one, 0, nil, refuse(http.StatusRequestEntityTooLarge, 40005, "Request entity too large"))
		return
	}
	fault := d.script.take(r.Method, path, c.name)
	if fault != nil && d.suffer(w, c, one, fault) {
		return
	}
	status, value, err := d.pass(w.Header(), c, to, version, reason)
	if fault != nil && fault.Kind == LoseReply {
		d.audit.finish(one, 0, "")
		cut(w)
		return
	}
	if fault != nil && fault.Kind == HoldReply {
		d.audit.finish(one, 0, "")
		<-r.Context().Done()
		return
	}
	if fault != nil && fault.Kind == Malformed {
		d.malformed(w, one)
		return
	}
	d.answer(w, one, status, value, err)
}

// find looks for the route of a path.
func (d *Discord) find(method, path string, c *call) (*route, error) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	known := false
	for n := range d.routes {
		args, ok := d.routes[n].match(parts)
		if !ok {
			continue
		}
		known = true
		if d.routes[n].method == method {
			c.args, c.name = args, method+" "+d.routes[n].path
			return &d.routes[n], nil
		}
	}
	if known {
		return nil, refuse(http.StatusMethodNotAllowed, 0, "405: Method Not Allowed")
	}
	return nil, refuse(http.StatusNotFound, 0, "404: Not Found")
}

func (r *route) match(parts []string) (map[string]string, bool) {
	if len(parts) != len(r.parts) {
		return nil, false
	}
	args := map[string]string{}
	for n, want := range r.parts {
		if name, ok := strings.CutPrefix(want, "{"); ok {
			args[strings.TrimSuffix(name, "}")] = parts[n]
			continue
		}
		if want != parts[n] {
			return nil, false
		}
	}
	return args, true
}

var agent = regexp.MustCompile(`^DiscordBot \([^,()]+, ?v?[^()]+\)`)

// pass is what stands before every endpoint.
func (d *Discord) pass(h http.Header, c *call, to *route, version string, missing error) (int, any, error) {
	if d.audit.banned() {
		return 0, nil, errBanned
	}
	if !agent.MatchString(c.UserAgent()) {
		d.audit.breach("User-Agent %q is not like \"DiscordBot (url, version)\"", c.UserAgent())
		return 0, nil, refuse(http.StatusForbidden, 40333, "internal network error")
	}
	if version != "" && version != "9" && version != "10" {
		return 0, nil, refuse(http.StatusBadRequest, 50041, "Invalid API version")
	}
	if missing != nil {
		return 0, nil, missing
	}
	if !to.open {
		if err := d.authorize(c.Header.Get("Authorization")); err != nil {
			return 0, nil, err
		}
	}
	if err := d.limits.spend(h, to, c.args); err != nil {
		return 0, nil, err
	}
	for name, id := range c.args {
		if strings.HasSuffix(name, "_id") && id != "@me" && !snowflake(id) {
			f := &form{}
			f.snowflake(name, id)
			return 0, nil, f.err()
		}
	}
	return to.answer(c)
}

// authorize looks at the bot's token. A token that was refused must be left
// alone.
func (d *Discord) authorize(header string) error {
	d.mu.Lock()
	good := header == "Bot "+d.o.Token && !d.revoked
	d.mu.Unlock()
	if good {
		d.audit.tokenGood(header)
		return nil
	}
	d.audit.tokenBad(header)
	return unauthorized()
}

// answer writes what came of a call and notes it.
func (d *Discord) answer(w http.ResponseWriter, one *Call, status int, value any, err error) {
	if errors.Is(err, errBanned) {
		d.banPage(w, one)
		return
	}
	if err != nil {
		r := asRefusal(err)
		status, value = r.status, r.body()
		if r.status == http.StatusTooManyRequests {
			limitHeaders(w.Header(), r)
		}
		d.audit.invalid(r)
	}
	if status == http.StatusNoContent {
		d.audit.finish(one, status, "")
		w.WriteHeader(status)
		return
	}
	raw, err := encode(value)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"message":"500: Internal Server Error","code":0}`)
	}
	d.audit.finish(one, status, string(raw))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // who went away needs no answer
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// at is a route; a zero rate takes the usual one.
func at(method, path string, limit int, every time.Duration, answer endpoint) route {
	sum := sha256.Sum256([]byte(method + path))
	return route{
		method: method, path: path, parts: strings.Split(strings.Trim(path, "/"), "/"),
		rate: rate{most: limit, every: every, hash: hex.EncodeToString(sum[:16])}, answer: answer,
	}
}

// public is a route that needs no bot token.
func public(r route) route {
	r.open = true
	return r
}
