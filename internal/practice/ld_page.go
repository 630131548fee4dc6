package practice

import (
	"bytes"
	_ "embed" // the page
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mayday/internal/fault"
)

//go:embed page/launchdarkly.html
var ldPageHTML string

var ldPageTemplate = template.Must(template.New("launchdarkly").Parse(ldPageHTML))

type ldPageRow struct {
	Key, State, Serves, Off, Needs string
	Version                        int
	Boolean                        bool
}

type ldPageChange struct{ At, Who, What, Comment string }

type ldPageView struct {
	Said, Project, Environment string
	Approval                   bool
	People                     []Person
	Rows                       []ldPageRow
	Changes                    []ldPageChange
}

// pageRoutes adds the page for people. It has no scripts; its forms are accepted
// from the page itself only.
func (l *LaunchDarkly) pageRoutes(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	add := func(pattern string, do http.HandlerFunc) { mux.Handle(pattern, Local(guard.Handler(do))) }
	add("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { l.showPage(w, http.StatusOK, "") })
	yes, no := true, false
	add("POST /practice/on", l.pressed(func(*http.Request) (LDChange, error) { return LDChange{On: &yes}, nil }))
	add("POST /practice/off", l.pressed(func(*http.Request) (LDChange, error) { return LDChange{On: &no}, nil }))
	add("POST /practice/percent", l.pressed(func(r *http.Request) (LDChange, error) {
		percent, err := strconv.Atoi(r.PostFormValue("percent"))
		if err != nil || percent < 0 || percent > 100 {
			return LDChange{}, fault.Newf(fault.Invalid, "E23", "A percentage is a whole number from 0 to 100.")
		}
		return LDChange{Weights: map[string]int{"true": percent * 1000, "false": 100000 - percent*1000}}, nil
	}))
}

func (l *LaunchDarkly) pressed(change func(r *http.Request) (LDChange, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		c, err := change(r)
		if err == nil {
			err = l.SetBy(r.PostFormValue("by"), r.PostFormValue("flag"), c)
		}
		if err != nil {
			l.showPage(w, http.StatusConflict, err.Error())
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

func (l *LaunchDarkly) showPage(w http.ResponseWriter, status int, said string) {
	var out bytes.Buffer
	if err := ldPageTemplate.Execute(&out, l.view(said)); err != nil {
		l.log.Error("the practice page cannot be written", "error", err)
		http.Error(w, "The page cannot be written.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'self' http://127.0.0.1:* http://localhost:*")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // who went away needs no answer
}

func (l *LaunchDarkly) view(said string) ldPageView {
	l.mu.Lock()
	defer l.mu.Unlock()
	v := ldPageView{Said: said, Project: l.project, Environment: l.environment, Approval: l.approvals[l.environment], People: l.shop.people}
	for _, f := range l.flags {
		v.Rows = append(v.Rows, f.row(f.configs[l.environment]))
	}
	for _, e := range slices.Backward(l.audit) {
		if len(v.Changes) == 12 {
			break
		}
		who := e.who.member.Name
		if e.who.token {
			who = "the token of Mayday"
		}
		v.Changes = append(v.Changes, ldPageChange{At: e.at.UTC().Format("15:04:05"), Who: who, What: e.verb + " " + e.flag.key, Comment: e.comment})
	}
	return v
}

func (f *ldFlag) row(c *ldConfig) ldPageRow {
	row := ldPageRow{Key: f.key, State: "off", Off: "nothing", Version: c.version, Boolean: f.boolean()}
	if c.on {
		row.State = "on"
	}
	if c.off != nil {
		row.Off = f.text(*c.off)
	}
	row.Serves = f.text(c.serve.variation)
	if c.serve.weights != nil {
		var parts []string
		for n, w := range c.serve.weights {
			parts = append(parts, fmt.Sprintf("%g %% %s", float64(w)/1000, f.text(n)))
		}
		row.Serves = strings.Join(parts, ", ")
	}
	for _, p := range c.prerequisites {
		row.Needs += p.key
	}
	return row
}

func (f *ldFlag) text(variation int) string {
	raw, err := json.Marshal(f.variations[variation].Value)
	if err != nil {
		return "?"
	}
	return string(raw)
}
