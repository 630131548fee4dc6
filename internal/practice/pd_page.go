package practice

import (
	"bytes"
	_ "embed" // the page
	"html/template"
	"net"
	"net/http"
	"slices"
	"strings"
)

//go:embed page/pagerduty.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

type pageRow struct {
	ID, Title, Service, Urgency, Priority, Status, Assigned string
	Number                                                  int
	Open                                                    bool
}

type pageView struct {
	Said       string
	People     []Person
	Services   []Service
	Rows       []pageRow
	Deliveries []Delivery
	Disabled   bool
	Target     string
}

// pageRoutes adds the page for people. It has no scripts; its forms are accepted
// from the page itself only.
func (p *PagerDuty) pageRoutes(mux *http.ServeMux) {
	guard := http.NewCrossOriginProtection()
	add := func(pattern string, do http.HandlerFunc) { mux.Handle(pattern, Local(guard.Handler(do))) }
	add("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { p.show(w, http.StatusOK, "") })
	add("POST /practice/trigger", p.pressed(func(r *http.Request) error {
		_, err := p.Trigger(TriggerSpec{
			Title: r.PostFormValue("title"), Service: r.PostFormValue("service"),
			Urgency: r.PostFormValue("urgency"), Priority: r.PostFormValue("priority"),
		})
		return err
	}))
	add("POST /practice/acknowledge", p.pressed(func(r *http.Request) error {
		return p.Acknowledge(r.PostFormValue("id"), r.PostFormValue("by"))
	}))
	add("POST /practice/resolve", p.pressed(func(r *http.Request) error {
		return p.Resolve(r.PostFormValue("id"), r.PostFormValue("by"))
	}))
	add("POST /practice/enable", p.pressed(func(*http.Request) error { p.Enable(); return nil }))
}

// Local refuses names that merely resolve to this machine, so that no web page
// can reach it under a name of its own.
func Local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !loopbackHost(strings.Trim(host, "[]")) {
			http.Error(w, "The practice range answers on loopback only.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (p *PagerDuty) pressed(do func(r *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if err := do(r); err != nil {
			p.show(w, http.StatusConflict, err.Error())
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

func (p *PagerDuty) show(w http.ResponseWriter, status int, said string) {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, p.view(said)); err != nil {
		p.log.Error("the practice page cannot be written", "error", err)
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

func (p *PagerDuty) view(said string) pageView {
	v := pageView{Said: said, People: p.shop.people, Services: shopServices, Disabled: p.Disabled(), Target: p.courier.where()}
	recent := p.Deliveries()
	slices.Reverse(recent)
	v.Deliveries = recent[:min(len(recent), 12)]
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range slices.Backward(p.incidents) {
		row := pageRow{
			ID: i.id, Number: i.number, Title: i.title, Service: i.service.Name, Urgency: i.urgency,
			Priority: i.priority, Status: i.status, Open: i.status != stateResolved,
		}
		for _, who := range i.assigned {
			row.Assigned = who.Name
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}
