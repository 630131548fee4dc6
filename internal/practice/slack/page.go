package slack

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

// notFound is what the vendor says of paths that there are not.
const notFound = "<!DOCTYPE html><html><head><title>404</title></head><body><h1>There's been a glitch...</h1><p>We're not quite sure what went wrong.</p></body></html>\n"

// page is a phone for people to look at and to press: it needs no script, and its
// forms are accepted from itself only.
func (s *Slack) page(w http.ResponseWriter, r *http.Request) {
	if _, err := practice.LoopbackURL("http://" + r.Host); err != nil {
		http.Error(w, "The practice range answers on loopback only.", http.StatusForbidden)
		return
	}
	http.NewCrossOriginProtection().Handler(http.HandlerFunc(s.pagePath)).ServeHTTP(w, r)
}

func (s *Slack) pagePath(w http.ResponseWriter, r *http.Request) {
	acts := map[string]func(*http.Request) error{
		"/practice/press": s.pagePress, "/practice/submit": s.pageSubmit, "/practice/close": s.pageClose, "/practice/type": s.pageType, "/practice/home": s.pageHome,
	}
	act, ok := acts[r.URL.Path]
	switch {
	case r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		s.show(w, r, http.StatusOK, "")
	case r.URL.Path == "/page.css" && r.Method == http.MethodGet:
		w.Header().Set("Cache-Control", "no-store")
		http.ServeFileFS(w, r, pageFiles, "page.css")
	case ok && r.Method == http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, 256<<10)
		if err := act(r); err != nil {
			s.show(w, r, http.StatusConflict, err.Error())
			return
		}
		http.Redirect(w, r, "/?"+url.Values{"as": {r.FormValue("as")}}.Encode(), http.StatusSeeOther)
	default:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(notFound)) // who went away needs no answer
	}
}

func (s *Slack) show(w http.ResponseWriter, r *http.Request, status int, said string) {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, s.phone(r.FormValue("as"), said, r.FormValue("still") != "")); err != nil {
		s.log.Error("the practice page cannot be written", "error", err)
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

// pagePress presses a button or a line of a menu: on a message, else in the form
// or on the Home tab.
func (s *Slack) pagePress(r *http.Request) error {
	user, what := r.FormValue("as"), r.FormValue("press")
	var err error
	switch {
	case r.FormValue("home") != "":
		_, err = s.PressHome(r.Context(), user, what)
	case r.FormValue("ts") == "":
		_, err = s.PressSeen(r.Context(), user, what)
	default:
		_, err = s.Press(r.Context(), user, r.FormValue("channel"), r.FormValue("ts"), what)
	}
	return err
}

func (s *Slack) pageClose(r *http.Request) error { return s.CloseView(r.Context(), r.FormValue("as")) }

func (s *Slack) pageHome(r *http.Request) error {
	_, err := s.OpenHome(r.Context(), r.FormValue("as"))
	return err
}

// pageSubmit sends the open form; a menu that has nothing chosen is empty. What an
// external menu was given by hand is first looked up among its suggestions.
func (s *Slack) pageSubmit(r *http.Request) error {
	user := r.FormValue("as")
	v := s.View(user)
	if v == nil {
		return fmt.Errorf("the form is not open any more")
	}
	values := map[string]any{}
	for _, in := range v.Inputs() {
		given := r.Form["f:"+in.BlockID]
		if strings.HasSuffix(in.Kind, "external_select") && len(given) == 1 && given[0] != "" {
			found, err := s.Suggest(r.Context(), user, v.ID, in.ActionID, given[0])
			if err != nil {
				return err
			}
			if len(found) > 0 {
				given = []string{found[0].Value}
			}
		}
		if strings.HasSuffix(in.Kind, "input") {
			values[in.BlockID] = strings.ReplaceAll(strings.Join(given, ""), "\r\n", "\n")
			continue
		}
		values[in.BlockID] = withoutBlank(given)
	}
	_, err := s.Submit(r.Context(), user, v.ID, values)
	return err
}

func withoutBlank(all []string) []string {
	out := []string{}
	for _, v := range all {
		if v != "" {
			out = append(out, v)
		}
	}
	return out
}

// pageType takes a command, words to the bot, or words for all to see.
func (s *Slack) pageType(r *http.Request) error {
	text, user, channel := strings.TrimSpace(r.FormValue("text")), r.FormValue("as"), r.FormValue("channel")
	if rest, ok := strings.CutPrefix(text, s.o.Command); ok {
		_, err := s.Command(r.Context(), user, channel, strings.TrimSpace(rest))
		return err
	}
	if rest, ok := strings.CutPrefix(text, "@mayday"); ok {
		_, err := s.Mention(r.Context(), user, channel, r.FormValue("thread"), strings.TrimSpace(rest))
		return err
	}
	_, err := s.Say(user, channel, r.FormValue("thread"), text)
	return err
}
