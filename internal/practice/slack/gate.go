package slack

import (
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/websocket"
)

// endpoint answers a call with what stands beside ok:true, or a *refusal.
type endpoint func(c *call) (object, error)

// method is one method of the Web API.
type method struct {
	scopes []string // one of them is needed
	app    bool     // is called with the app token
	open   bool     // needs no token
	posts  bool     // puts something where people see it
	rate   rate
	answer endpoint
}

// call is a call of a method. Arguments that are no strings are their JSON.
type call struct {
	*http.Request
	name string
	args map[string]string
	body []byte
}

const (
	largestBody   = 10 << 20
	largestUpload = 64 << 20
)

// ServeHTTP answers the API, the sockets and the page.
func (s *Slack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if websocket.IsWebSocketUpgrade(r) {
		s.openSocket(w, r)
		return
	}
	name, ok := strings.CutPrefix(r.URL.Path, "/api/")
	switch {
	case ok && name != "":
		s.api(w, r, name)
	case strings.HasPrefix(r.URL.Path, "/upload/"):
		s.receiveUpload(w, r)
	case strings.HasPrefix(r.URL.Path, "/response/"):
		s.receiveResponse(w, r)
	default:
		s.page(w, r)
	}
}

func (s *Slack) api(w http.ResponseWriter, r *http.Request, name string) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestBody))
	c := &call{Request: r, name: name, body: body}
	one := &Call{At: s.now(), Method: name, Body: string(body)}
	if err == nil {
		c.args, err = arguments(r, body)
	}
	one.Form = c.args
	s.audit.note(one)
	fault := s.script.take(name)
	if fault != nil && s.suffer(w, r, one, fault) {
		return
	}
	if err != nil {
		s.audit.breach("%s was called with a body that cannot be read: %v", name, err)
		s.answer(w, one, nil, err)
		return
	}
	value, err := s.pass(w.Header(), c)
	s.reply(w, one, fault, value, err)
}

// reply answers, unless a fault takes the answer away.
func (s *Slack) reply(w http.ResponseWriter, one *Call, fault *Fault, value object, err error) {
	if fault != nil && fault.Kind == LoseReply {
		cut(w)
		return
	}
	if fault != nil && fault.Kind == Malformed {
		s.write(w, one, http.StatusOK, "application/json; charset=utf-8", []byte(`{"ok":true,"ts":"15`))
		return
	}
	s.answer(w, one, value, err)
}

// arguments reads a form or an object of JSON.
func arguments(r *http.Request, body []byte) (map[string]string, error) {
	out := map[string]string{}
	take := func(values url.Values) {
		for k, v := range values {
			out[k] = v[0]
		}
	}
	take(r.URL.Query())
	if r.Method != http.MethodPost || len(body) == 0 {
		return out, nil
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return out, refuse("missing_post_type")
	}
	switch kind {
	case "application/json":
		return out, jsonArguments(body, out)
	case "application/x-www-form-urlencoded":
		values, err := url.ParseQuery(string(body))
		if err != nil {
			return out, refuse("invalid_form_data")
		}
		take(values)
		return out, nil
	case "multipart/form-data":
		fields, _, err := multipartForm(body, params["boundary"])
		if err != nil {
			return out, refuse("invalid_form_data")
		}
		take(fields)
		return out, nil
	}
	return out, refuse("invalid_post_type")
}

func jsonArguments(body []byte, out map[string]string) error {
	var raw map[string]json.RawMessage
	if !json.Valid(body) {
		return refuse("invalid_json")
	}
	if json.Unmarshal(body, &raw) != nil {
		return refuse("json_not_object")
	}
	for k, v := range raw {
		var text string
		if string(v) == "null" {
			continue
		}
		if json.Unmarshal(v, &text) != nil {
			text = string(v)
		}
		out[k] = text
	}
	delete(out, "token") // in JSON it belongs into the header
	return nil
}

// pass is what stands before every method.
func (s *Slack) pass(h http.Header, c *call) (object, error) {
	m, ok := s.methods[c.name]
	if !ok {
		s.audit.breach("%s is no method", c.name)
		return nil, &refusal{name: "unknown_method", extra: object{"req_method": c.name}}
	}
	if !m.open {
		if err := s.authorize(h, c, m); err != nil {
			return nil, err
		}
	}
	if wait := s.limits.spend(c.name, m.rate); wait > 0 {
		return nil, limited(wait)
	}
	value, err := m.answer(c)
	if err != nil {
		return nil, err
	}
	if m.posts {
		s.accepted(c.name)
	}
	return value, nil
}

// accepted tells the hook of an effect.
func (s *Slack) accepted(name string) {
	s.mu.Lock()
	hook := s.onAccept
	s.mu.Unlock()
	if hook != nil {
		hook(name)
	}
}

// authorize looks at the token and its scopes.
func (s *Slack) authorize(h http.Header, c *call, m method) error {
	token, ok := strings.CutPrefix(c.Header.Get("Authorization"), "Bearer ")
	if !ok {
		token = c.args["token"]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case token == "":
		return refuse("not_authed")
	case token != s.o.BotToken && token != s.o.AppToken:
		return refuse("invalid_auth")
	case m.app != (token == s.o.AppToken):
		return refuse("not_allowed_token_type")
	case m.app:
		h.Set("X-OAuth-Scopes", "connections:write")
		return nil
	case s.world.revoked:
		return refuse("token_revoked")
	}
	have := strings.Join(s.world.scopes, ",")
	h.Set("X-OAuth-Scopes", have)
	if len(m.scopes) == 0 {
		return nil
	}
	h.Set("X-Accepted-OAuth-Scopes", strings.Join(m.scopes, ","))
	if slices.ContainsFunc(m.scopes, s.hasScope) {
		return nil
	}
	return &refusal{name: "missing_scope", extra: object{"needed": strings.Join(m.scopes, ","), "provided": have}}
}

func (s *Slack) hasScope(scope string) bool { return slices.Contains(s.world.scopes, scope) }

// answer writes what came of a call and notes it.
func (s *Slack) answer(w http.ResponseWriter, one *Call, value object, err error) {
	status, body := http.StatusOK, object{"ok": true}
	for k, v := range value {
		body[k] = v
	}
	if err != nil {
		r := asRefusal(err)
		body = r.body()
		if r.status != 0 {
			status = r.status
		}
		if r.after > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(r.after))
		}
	}
	s.write(w, one, status, "application/json; charset=utf-8", encode(body))
}

func (s *Slack) write(w http.ResponseWriter, one *Call, status int, kind string, body []byte) {
	var head struct {
		OK    bool   `json:"ok"`
		Error string `json:"error"`
	}
	if json.Unmarshal(body, &head) != nil {
		head.OK = false // a page, or a torn answer
	}
	s.audit.finish(one, status, head.OK, head.Error, string(body))
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Slack-Req-Id", strconv.FormatInt(s.now().UnixNano(), 16))
	w.WriteHeader(status)
	_, _ = w.Write(body) // who went away needs no answer
}
