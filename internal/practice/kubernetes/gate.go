package kubernetes

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const largestInput = 3 << 20 // as the real server's limit on a request

// errDropped ends a call without an answer.
var errDropped = errors.New("the connection is dropped")

// call is a request that came through the gate.
type call struct {
	*http.Request
	w        http.ResponseWriter
	who      Account
	what     attempt
	kind     *kind
	body     []byte
	dryRun   bool
	received *Received // nil for what changes nothing
}

// routes: the page at "/", the API everywhere else.
func (c *Cluster) routes() http.Handler {
	mux := http.NewServeMux()
	c.pageRoutes(mux)
	mux.HandleFunc("/", c.api)
	return mux
}

func (c *Cluster) api(w http.ResponseWriter, r *http.Request) {
	if !c.reachable(r) {
		hangUp(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestInput))
	if err != nil {
		c.reply(w, nil, 0, nil, apierrors.NewRequestEntityTooLargeError("limit is 3145728"))
		return
	}
	one := &call{Request: r, w: w, body: body}
	status, value, err := c.pass(one)
	if errors.Is(err, errDropped) {
		hangUp(w)
		return
	}
	c.reply(w, one.received, status, value, err)
}

// pass lets a call through the gate: who is it, may they, is it understood.
func (c *Cluster) pass(one *call) (int, any, error) {
	who, err := c.who(one.Request)
	if err != nil {
		return 0, nil, err
	}
	one.who = who
	if !c.speaksJSON(one.Request) {
		return 0, nil, notAcceptable()
	}
	if value, ok := c.discover(one.URL.Path); ok {
		return http.StatusOK, value, nil
	}
	what, ok := parsePath(one.Request)
	if !ok {
		return 0, nil, errNoSuchPath
	}
	one.what = what
	if strings.HasPrefix(what.resource, "selfsubject") && what.group == "authorization.k8s.io" {
		return c.review(one)
	}
	if !who.may(what) {
		return 0, nil, forbidden(who, what)
	}
	k, ok := findKind(what.group, version(one.URL.Path), what.resource)
	if !ok || what.sub != "" && !slices.Contains(k.subs, what.sub) {
		return 0, nil, errNoSuchPath
	}
	one.kind = k
	return c.serve(one)
}

// errNoSuchPath is answered in plain text, as the real server does.
var errNoSuchPath = errors.New("404 page not found")

func (c *Cluster) serve(one *call) (int, any, error) {
	switch one.what.verb {
	case "get", "list", "watch":
		return c.read(one)
	case "create", "update", "patch", "delete":
		return c.write(one)
	}
	return 0, nil, apierrors.NewMethodNotSupported(one.kind.groupResource(), one.what.verb)
}

// speaksJSON: the practice cluster has no protobuf. Who insists on it is told.
func (c *Cluster) speaksJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	if accept == "" {
		return true
	}
	for one := range strings.SplitSeq(accept, ",") {
		kind, params, err := mime.ParseMediaType(strings.TrimSpace(one))
		if err == nil && params["as"] == "" && slices.Contains([]string{"application/json", "application/*", "*/*"}, kind) {
			return true
		}
	}
	return strings.HasSuffix(r.URL.Path, "/log")
}

func notAcceptable() error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusNotAcceptable, Reason: metav1.StatusReasonNotAcceptable,
		Message: "only the following media types are accepted: application/json",
	}}
}

func unsupported(accepted ...string) error {
	return &apierrors.StatusError{ErrStatus: metav1.Status{
		Status: metav1.StatusFailure, Code: http.StatusUnsupportedMediaType, Reason: metav1.StatusReasonUnsupportedMediaType,
		Message: "the body of the request was in an unknown format - accepted media types include: " + strings.Join(accepted, ", "),
	}}
}

// written means that the answer is out already.
const written = -1

func (c *Cluster) reply(w http.ResponseWriter, received *Received, status int, value any, err error) {
	if status == written {
		return
	}
	if errors.Is(err, errNoSuchPath) {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if err != nil {
		status, value = failure(err)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","code":500}`)
	}
	c.answered(received, status)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-cache, private")
	if s, ok := value.(metav1.Status); ok && s.Details != nil && s.Details.RetryAfterSeconds > 0 {
		h.Set("Retry-After", strconv.Itoa(int(s.Details.RetryAfterSeconds)))
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n')) // who went away needs no answer
}

func failure(err error) (int, metav1.Status) {
	var known apierrors.APIStatus
	if !errors.As(err, &known) {
		known = apierrors.NewInternalError(err)
	}
	s := known.Status()
	s.TypeMeta = metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}
	return int(s.Code), s
}

// hangUp closes the connection in the middle, so that the caller sees a reset.
func hangUp(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0) // a reset, where the system offers one
	}
	_ = conn.Close()
}
