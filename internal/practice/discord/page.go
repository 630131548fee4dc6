package discord

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"mayday/internal/practice"
)

//go:embed page.html page.css
var pageFiles embed.FS

var pageTemplate = template.Must(template.New("page.html").ParseFS(pageFiles, "page.html"))

// page is a phone for people to look at and to press: it needs no script, and its
// forms are accepted from itself only.
func (d *Discord) page(w http.ResponseWriter, r *http.Request) {
	if _, err := practice.LoopbackURL("http://" + r.Host); err != nil {
		http.Error(w, "The practice range answers on loopback only.", http.StatusForbidden)
		return
	}
	http.NewCrossOriginProtection().Handler(http.HandlerFunc(d.pagePath)).ServeHTTP(w, r)
}

func (d *Discord) pagePath(w http.ResponseWriter, r *http.Request) {
	acts := map[string]func(*http.Request) error{
		"/practice/press": d.pagePress, "/practice/choose": d.pageChoose, "/practice/submit": d.pageSubmit,
		"/practice/dismiss": d.pageDismiss, "/practice/type": d.pageType,
	}
	act, ok := acts[r.URL.Path]
	switch {
	case r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		d.show(w, r, http.StatusOK, "")
	case r.URL.Path == "/page.css" && r.Method == http.MethodGet:
		w.Header().Set("Cache-Control", "no-store")
		http.ServeFileFS(w, r, pageFiles, "page.css")
	case ok && r.Method == http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
		if err := act(r); err != nil {
			d.show(w, r, http.StatusConflict, err.Error())
			return
		}
		back := url.Values{"as": {r.FormValue("as")}, "at": {r.FormValue("at")}}
		http.Redirect(w, r, "/?"+back.Encode(), http.StatusSeeOther)
	default:
		http.NotFound(w, r)
	}
}

func (d *Discord) show(w http.ResponseWriter, r *http.Request, status int, said string) {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, d.view(r.FormValue("as"), r.FormValue("at"), said)); err != nil {
		d.log.Error("the practice page cannot be written", "error", err)
		http.Error(w, "The page cannot be written.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self' http://127.0.0.1:* http://localhost:*")
	w.WriteHeader(status)
	_, _ = out.WriteTo(w) // who went away needs no answer
}

func (d *Discord) pagePress(r *http.Request) error {
	_, err := d.Press(r.Context(), r.FormValue("as"), r.FormValue("channel"), r.FormValue("message"), r.FormValue("press"))
	return err
}

func (d *Discord) pageChoose(r *http.Request) error {
	_, err := d.Choose(r.Context(), r.FormValue("as"), r.FormValue("channel"), r.FormValue("message"), r.FormValue("menu"), r.Form["value"]...)
	return err
}

func (d *Discord) pageDismiss(r *http.Request) error {
	d.Dismiss(r.FormValue("as"))
	return nil
}

// pageSubmit sends the open form; a menu that has nothing chosen is empty.
func (d *Discord) pageSubmit(r *http.Request) error {
	m := d.Modal(r.FormValue("as"))
	if m == nil {
		return fmt.Errorf("the form is not open any more")
	}
	values := map[string]any{}
	for _, f := range m.Fields {
		if f.Type == compInput {
			values[f.CustomID] = strings.ReplaceAll(r.FormValue("f:"+f.CustomID), "\r\n", "\n")
			continue
		}
		values[f.CustomID] = list(r.Form["f:"+f.CustomID])
	}
	_, err := d.Submit(r.Context(), r.FormValue("as"), m.CustomID, values)
	return err
}

// pageType takes a command as it is typed: "/mayday run playbook:rollback", or
// plain words for all to see.
func (d *Discord) pageType(r *http.Request) error {
	text, at := strings.TrimSpace(r.FormValue("text")), r.FormValue("at")
	if at == "" {
		at = Operations
	}
	if !strings.HasPrefix(text, "/") {
		_, err := d.Say(r.FormValue("as"), at, text)
		return err
	}
	var name []string
	options, last := map[string]string{}, ""
	for _, word := range strings.Fields(text) {
		key, value, ok := strings.Cut(word, ":")
		switch {
		case ok && key != "" && !strings.HasPrefix(value, "//"):
			last, options[key] = key, value
		case last != "":
			options[last] += " " + word
		default:
			name = append(name, word)
		}
	}
	_, err := d.Command(r.Context(), r.FormValue("as"), at, strings.Join(name, " "), options)
	return err
}
