package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/fault"
)

//go:embed templates
var templateFiles embed.FS

func (s *Server) parsePages() (*template.Template, error) {
	t, err := template.New("").Funcs(template.FuncMap{
		"asset": func(name string) string { return s.assets.byName[name] },
		"clean": chat.Clean,
		"iso":   func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"clock": func(t time.Time) string { return s.clock(t) },
		"utc":   func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") },
		"until": func(t time.Time) string { return until(t.Sub(s.o.Now())) },
		"act":   act,
		"done":  done,
		"took":  took,
		"own":   func(url string) bool { return strings.HasPrefix(url, "/") },
	}).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse pages: %w", err)
	}
	return t, nil
}

func done(steps []GuideStep) int {
	n := 0
	for _, g := range steps {
		if g.Done {
			n++
		}
	}
	return n
}

// clock is a time of day, with its date when that is not today.
func (s *Server) clock(t time.Time) string {
	t = t.UTC()
	if now := s.o.Now().UTC(); t.YearDay() != now.YearDay() || t.Year() != now.Year() {
		return t.Format("2 Jan 15:04")
	}
	return t.Format("15:04")
}

// until says how far away something is, to the minute.
func until(d time.Duration) string {
	if d < 0 {
		return length(-d) + " overdue"
	}
	if d >= time.Minute {
		d = d.Round(time.Minute)
	}
	return "in " + length(d)
}

// frame is what every page has.
type frame struct {
	Heading string
	Here    string // which place of the menu
	Back    string // where a press returns to: this page
	Now     time.Time
	Since   int64 // newest change that this page shows
	Me      string
	Role    string
	Acts    bool
	People  []Person
	Demo    bool
	Banner  string
	Trouble []string
	Speed   string
	Guide   []GuideStep
	Panes   []paneView
	Wide    bool // the page has columns of its own
	Parts   []part
	Panel   *messageView
	Close   string // address without the panel
	Refresh bool   // without script, look again every 10 s
	Hold    string // address that does not
	Verbs   []HelpRow
}

// frame is made before the page reads anything, so that a change in between is
// announced again rather than missed.
func (s *Server) frame(r *http.Request, v visitor, here, title string) (frame, error) {
	since, err := s.tail.last(r.Context(), s.o.Reader.Feed)
	if err != nil {
		return frame{}, err
	}
	f := frame{
		Heading: title, Here: here, Wide: here == "incident", Now: s.o.Now().UTC(), Since: since, Acts: !v.reads, Me: v.user.Name, Role: s.role(v),
		Demo: s.o.Demo != nil, Speed: s.o.SpeedLabel, Parts: s.parts(r), Refresh: r.URL.Query().Get("hold") == "",
	}
	f.Back = addressWithout(r.URL, "p")
	f.Close, f.Hold = f.Back, addressWith(r.URL, "hold", "1")
	if s.o.Help != nil {
		f.Verbs = s.o.Help()
	}
	if s.o.Troubles != nil {
		f.Trouble = s.o.Troubles(r.Context())
	}
	if d := s.o.Demo; d != nil {
		f.People, f.Banner = d.People, d.Banner
		f.Panes = panes(d.Panes, v.user.Name)
		if d.Guide != nil {
			f.Guide = d.Guide(r.Context())
		}
	}
	if id := r.URL.Query().Get("p"); id != "" && v.cookie != "" {
		if m, ok := s.sessions.left(v.cookie, id); ok {
			p := view(m, v, f.Back)
			f.Panel = &p
			f.Refresh = f.Refresh && p.Form == nil // a form is not taken away while it is filled in
		}
	}
	return f, nil
}

// role is what somebody may do, as of now.
func (s *Server) role(v visitor) string {
	if v.reads {
		return ""
	}
	return string(s.o.Person(v.user).Role)
}

// paneView is a pretend platform, seen by whoever is chosen.
type paneView struct {
	Title string
	URL   string
}

func panes(all []Pane, name string) []paneView {
	var out []paneView
	for _, p := range all {
		one := paneView{Title: p.Title, URL: p.URL}
		if id := p.As[name]; id != "" {
			one.URL += "?as=" + url.QueryEscape(id)
		}
		out = append(out, one)
	}
	return out
}

func addressWithout(u *url.URL, name string) string {
	q := u.Query()
	q.Del(name)
	return address(u.Path, q)
}

func addressWith(u *url.URL, name, value string) string {
	q := u.Query()
	q.Set(name, value)
	return address(u.Path, q)
}

func address(path string, q url.Values) string {
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// show renders a page whole before the first byte goes out.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	var b bytes.Buffer
	if err := s.pages.ExecuteTemplate(&b, name, data); err != nil {
		s.o.Log.Error("page cannot be rendered", "page", name, "path", r.URL.Path, "err", err)
		http.Error(w, "This page cannot be shown. The log of Mayday says why.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(b.Bytes()) // the browser may be gone; nothing depends on it
}

// plainPage is a page of a few words: an error, a sign-in.
type plainPage struct {
	Title string
	Lines []string
	Code  string
	Key   string // a sign-in key to be redeemed by a press
	Name  string // whom it signs in
	Retry bool   // load once more, now as a visit from here
	Link  bool   // say how to get a sign-in link
	OIDC  string // say that one can sign in with this
	Next  string // go there, as a visit from here
	Home  bool
}

func (s *Server) errorPage(w http.ResponseWriter, r *http.Request, f *fault.Fault) {
	p := plainPage{Title: f.Message, Code: f.Code, Home: f.Kind != fault.Unsigned}
	for _, l := range []string{f.State, f.Hint} {
		if l != "" {
			p.Lines = append(p.Lines, l)
		}
	}
	s.show(w, r, f.Kind.HTTPStatus(), "plain", p)
}

// site is the pages, for people.
func (s *Server) site() http.Handler {
	mux := http.NewServeMux()
	page := func(pattern string, answer func(http.ResponseWriter, *http.Request, visitor) error) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			v, err := s.visitor(r)
			if err != nil {
				s.askSignIn(w, r)
				return
			}
			if err := answer(w, r, s.withPlace(w, r, v)); err != nil {
				s.refuse(w, r, err)
			}
		})
	}
	mux.HandleFunc("GET /{$}", s.enter(s.now))
	page("GET /i/{id}", s.incident)
	page("GET /i/{id}/picture", s.picture)
	page("GET /incidents", s.incidents)
	page("GET /playbooks", s.playbooks)
	page("GET /playbooks/{name}", s.playbook)
	page("GET /changes", s.changes)
	page("GET /setup", s.setup)
	page("POST /setup", s.checkAgain)
	page("GET /help", s.help)
	page("POST /press/{id}", s.press)
	page("POST /command", s.typed)
	page("POST /demo/{name}", s.demoAct)
	page("POST /as/{name}", s.actAsPerson)
	mux.HandleFunc("POST /session", s.beginSession)
	mux.HandleFunc("POST /signout", s.endSession)
	if s.provider != nil {
		mux.HandleFunc("GET /oidc/start", s.oidcStart)
		mux.HandleFunc("GET /oidc/callback", s.oidcCallback)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.refuse(w, r, fault.New(fault.NotFound, "E23", "There is no such page.", "The war room begins at /.").WithState(""))
	})
	return mux
}
