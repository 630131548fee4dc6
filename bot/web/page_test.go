package web

import (
	"context"
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

const evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u202egnp\u200b\u0007"

var tags = regexp.MustCompile(`<(?:"[^"]*"|[^">])*>`)

func TestStrangersWordsStayInert(t *testing.T) {
	w := newWorld()
	i := checkout(42)
	i.Title, i.Service, i.Impact, i.Owner = evil, evil, evil, evil
	i.DoNot = []string{evil}
	i.Sources = []incident.Source{{Kind: "pagerduty", Key: evil, URL: "javascript:alert(1)"}}
	i.Links = []incident.Link{{Name: evil, URL: "data:text/html,x"}}
	i.Steps = []incident.Step{{ID: "s", State: incident.Succeeded, StartedBy: evil, Plan: incident.Plan{Title: evil, Undo: evil}}, {ID: "s2", State: incident.Previewed, Plan: incident.Plan{Title: evil}}}
	w.add(i)
	w.tell(42, start, evil, evil, &incident.Noted{})
	line := chat.Line{{Kind: chat.SpanText, Text: evil}, {Kind: chat.SpanLink, Text: evil, URL: "javascript:alert(1)"}, {Kind: chat.SpanLink, Text: "x", URL: "//evil.example"},
		{Kind: chat.SpanStrong, Text: evil}, {Kind: chat.SpanCode, Text: evil}, {Kind: chat.SpanMention, Text: "@" + evil, Mention: &chat.Mention{Name: evil}}, {Kind: "odd", Text: evil}}
	for _, m := range []chat.Message{
		{Key: "INC-42:card", Kind: "card", Room: "operations", Incident: "INC-42"}, {Key: evil, Kind: "step\" onload=\"x", Room: "operations", Thread: "INC-42", Tone: "x\" onload=\"x"},
		{Key: "st", Kind: "update", Room: "status", Thread: "INC-42"},
	} {
		m.Lines = []chat.Line{line}
		m.Buttons = []chat.Button{{ID: "../../x?" + evil, Label: evil, Verb: evil, Style: chat.Style(evil)}, {Label: evil, URL: "javascript:alert(1)"}}
		m.Form = &chat.Form{Title: evil, Submit: evil, Label: evil, Note: evil, Fields: []chat.Field{{Name: evil, Label: evil, Type: chat.FieldArea, Value: "</textarea>" + evil, Hint: evil},
			{Name: evil, Label: evil, Type: chat.FieldMany, Options: []chat.Choice{{Value: evil, Label: evil}}}}}
		m.Image = &chat.Image{URL: "javascript:alert(1)", Alt: evil}
		w.post(m, start)
	}
	w.on("b", func(chat.Interaction) (chat.Message, error) {
		return chat.Message{}, fault.New(fault.Conflict, "E10", evil, evil)
	})
	_, srv := newServer(t, w.demo())
	c := signedIn(t, srv)
	resp, _ := visit(t, c, "POST", srv.URL+"/press/b", "back=/")
	for _, path := range []string{"/", "/i/42", "/incidents", resp.Header.Get("Location"), "/i/" + url.PathEscape(evil), "/" + url.PathEscape(evil)} {
		_, body := visit(t, c, "GET", srv.URL+path, "")
		seen := tags.ReplaceAllString(body, "") // what people see
		for _, never := range []string{"\u202e", "\u200b", "\u0007"} {
			if strings.Contains(seen, never) {
				t.Errorf("%s shows %q", path, never)
			}
		}
		if m := regexp.MustCompile("(?i)<script>|<img").FindString(body); m != "" {
			t.Errorf("%s holds %s", path, m)
		}
		for _, m := range regexp.MustCompile(`(?:href|src|action)="([^"]*)"`).FindAllStringSubmatch(body, -1) {
			if u := html.UnescapeString(m[1]); !strings.HasPrefix(u, "/") && !strings.HasPrefix(u, "#") && !strings.HasPrefix(u, "?") || strings.HasPrefix(u, "//") {
				t.Errorf("%s leads to %q", path, u)
			}
		}
		bare := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(body, `""`)
		if m := regexp.MustCompile(`<[^>]*\son[a-z]+=`).FindString(bare); m != "" {
			t.Errorf("%s has a handler: %s", path, m)
		}
		if m := regexp.MustCompile(`<script[^>]*>[^<]|<style|\sstyle=`).FindString(body); m != "" {
			t.Errorf("%s has something inline: %s", path, m)
		}
	}
}

var forms = regexp.MustCompile(`(?s)<form method="post" action="([^"]+)"[^>]*>(.*?)</form>`)
var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// press submits the form on a page whose button has this label, as a browser
// without script does, and answers the page that it leads to.
func press(t *testing.T, c *http.Client, base, page, label string, filled url.Values) (at, body string) {
	t.Helper()
	for _, f := range forms.FindAllStringSubmatch(page, -1) {
		if !strings.Contains(f[2], ">"+label+"</button>") {
			continue
		}
		in := url.Values{}
		for _, h := range hidden.FindAllStringSubmatch(f[2], -1) {
			in.Add(html.UnescapeString(h[1]), html.UnescapeString(h[2]))
		}
		for name, values := range filled {
			in[name] = append(in[name], values...)
		}
		resp, answer := visit(t, c, "POST", base+html.UnescapeString(f[1]), in.Encode())
		if resp.StatusCode != http.StatusSeeOther {
			t.Fatalf("pressing %q: %d %s", label, resp.StatusCode, answer)
		}
		at = resp.Header.Get("Location")
		_, body = visit(t, c, "GET", base+at, "")
		return at, body
	}
	t.Fatalf("no button %q on:\n%s", label, page)
	return "", ""
}

func TestAPressWithoutScript(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	w.post(chat.Message{Key: "INC-42:card", Kind: "card", Room: "operations", Incident: "INC-42", Lines: []chat.Line{chat.L("card")},
		Buttons: []chat.Button{{ID: "b1", Label: "Write update", Verb: "update", Style: chat.Primary}, {ID: "gone", Label: "Resolve", Verb: "resolve"}}}, start)
	w.on("b1", func(in chat.Interaction) (chat.Message, error) {
		m := reply("INC-42", "This goes to #status.")
		m.Form = &chat.Form{Title: "Status update", Submit: "f1", Label: "Post update", Fields: []chat.Field{
			{Name: "state", Label: "State", Type: chat.FieldOne, Value: "identified", Options: []chat.Choice{{Value: "identified", Label: "identified"}, {Value: "monitoring", Label: "monitoring"}}},
			{Name: "impact", Label: "What users see", Type: chat.FieldArea, Required: true, Value: "some <b> fail"},
			{Name: "who", Label: "Who", Type: chat.FieldMany, Options: []chat.Choice{{Value: "a", Label: "A"}, {Value: "b", Label: "B"}}}}}
		return m, nil
	})
	w.on("f1", func(in chat.Interaction) (chat.Message, error) { return reply("INC-42", "Posted."), nil })
	_, srv := newServer(t, w.demo())
	c := signedIn(t, srv)
	_, page := visit(t, c, "GET", srv.URL+"/i/42?tab=do", "")
	if !strings.Contains(page, `http-equiv="refresh" content="10"`) {
		t.Error("the page does not look again by itself")
	}
	at, page := press(t, c, srv.URL, page, "Write update", nil)
	if !strings.HasPrefix(at, "/i/42?") || !strings.Contains(at, "tab=do") || !strings.Contains(page, "This goes to #status.") || !strings.Contains(page, "some &lt;b&gt; fail</textarea>") {
		t.Fatalf("the form at %s:\n%s", at, page)
	}
	if strings.Contains(page, `http-equiv="refresh"`) {
		t.Error("the form would be taken away after 10 s")
	}
	if !regexp.MustCompile(`value="identified" checked`).MatchString(page) {
		t.Error("the prefilled choice is not chosen")
	}
	at, page = press(t, c, srv.URL, page, "Post update", url.Values{"f.state": {"monitoring"}, "f.impact": {"line one\r\nline two"}, "l.who": {"a", "b"}})
	if !strings.Contains(page, "Posted.") || strings.Contains(page, "This goes to #status.") {
		t.Errorf("after posting, %s:\n%s", at, page)
	}
	heard := w.heard()
	want := map[string]any{"state": "monitoring", "impact": "line one\nline two", "who": []string{"a", "b"}}
	if diff := cmp.Diff(want, heard[len(heard)-1].Input); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
	_, page = press(t, c, srv.URL, page, "Resolve", nil)
	for _, words := range []string{"This button belongs to an older card.", "Nothing was done.", "Look at the card. (E4)"} {
		if !strings.Contains(page, words) {
			t.Errorf("the refusal lacks %q", words)
		}
	}
}

func TestAnswersAreForOneBrowser(t *testing.T) {
	w := newWorld()
	s, srv := newServer(t, w.demo())
	ana := signedIn(t, srv)
	li := browser(t)
	visit(t, li, "POST", srv.URL+"/session", "k="+s.Link(chat.User{ID: "li", Name: "Li"})[len("/?k="):])
	resp, _ := visit(t, ana, "POST", srv.URL+"/command", "text=secret+words&back=/help")
	at := srv.URL + resp.Header.Get("Location")
	if _, body := visit(t, ana, "GET", at, ""); !strings.Contains(body, "You said: secret words") {
		t.Errorf("Ana does not see it:\n%s", body)
	}
	if _, body := visit(t, li, "GET", at, ""); strings.Contains(body, "secret words") {
		t.Error("Li sees it")
	}
	w.advance(panelLife + time.Second)
	if _, body := visit(t, ana, "GET", at, ""); strings.Contains(body, "secret words") {
		t.Error("it stays for ever")
	}
}

func TestTheGuideOfTheDemo(t *testing.T) {
	w := newWorld()
	o := w.demo()
	var acted []string
	o.Demo.Banner = "A real target is attached."
	o.Demo.Act = func(_ context.Context, name string) error {
		acted = append(acted, name)
		if name == "break" {
			return errors.New("hidden cause")
		}
		return nil
	}
	o.Demo.Guide = func(context.Context) []GuideStep {
		return []GuideStep{{Done: len(acted) > 0, Title: "Fire it", Say: "words", Code: "curl -H 'X: <y>'", Actions: []Action{{Label: "Send", Name: "fire"}}}, {Title: "Break it", Actions: []Action{{Label: "Break", Name: "break"}}}}
	}
	_, srv := newServer(t, o)
	c := signedIn(t, srv)
	_, page := visit(t, c, "GET", srv.URL+"/", "")
	if !strings.Contains(page, "0 of 2 done") || !strings.Contains(page, "&lt;y&gt;") || !strings.Contains(page, "A real target is attached.") {
		t.Errorf("guide:\n%s", page)
	}
	_, page = press(t, c, srv.URL, page, "Send", nil)
	if !strings.Contains(page, "1 of 2 done") {
		t.Errorf("it does not tick:\n%s", page)
	}
	_, page = press(t, c, srv.URL, page, "Break", nil)
	if !strings.Contains(page, "Internal error, id") || strings.Contains(page, "hidden cause") {
		t.Errorf("the refusal:\n%s", page)
	}
	_, page = press(t, c, srv.URL, page, "Li", nil)
	press(t, c, srv.URL, page, "Send", nil)
	visit(t, c, "POST", srv.URL+"/command", "text=own")
	if diff := cmp.Diff(chat.User{ID: "li", Name: "Li", Role: "approver"}, w.heard()[0].User); diff != "" {
		t.Errorf("pressed as (-want +got):\n%s", diff)
	}
}

func TestTheDemoIsNotInProduction(t *testing.T) {
	s, srv := newServer(t, newWorld().options())
	c := browser(t)
	visit(t, c, "POST", srv.URL+"/session", "k="+s.Link(chat.User{ID: "ana", Name: "Ana"})[len("/?k="):])
	for _, path := range []string{"/as/Li", "/demo/fire"} {
		if resp, _ := visit(t, c, "POST", srv.URL+path, ""); resp.StatusCode != http.StatusNotFound {
			t.Errorf("POST %s: %d", path, resp.StatusCode)
		}
	}
	if resp, _ := visit(t, c, "POST", srv.URL+"/signout", ""); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("sign out: %d", resp.StatusCode)
	}
	if resp, _ := visit(t, c, "GET", srv.URL+"/", ""); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("after signing out: %d", resp.StatusCode)
	}
}

func TestPagesThatDoNotExist(t *testing.T) {
	_, srv := newServer(t, newWorld().demo())
	c := signedIn(t, srv)
	for path, status := range map[string]int{"/nothing": 404, "/i/INC-7": 404, "/i/x": 404, "/static/nothing.css": 404, "/incidents?state=shut": 400} {
		if resp, _ := visit(t, c, "GET", srv.URL+path, ""); resp.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, resp.StatusCode, status)
		}
	}
}

func TestWhatAPageSaysAboutTime(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	late := checkout(41)
	late.Clock.Due = start.Add(-25 * time.Minute)
	late.Clock.Alive, late.Nudges = true, []incident.Nudge{{Key: incident.NudgeKey{Anchor: 1, Call: 1}}}
	w.add(late)
	alert := checkout(40)
	alert.DeclaredAt, alert.Clock = time.Time{}, incident.Clock{}
	w.add(alert)
	_, srv := newServer(t, w.demo())
	c := signedIn(t, srv)
	for path, words := range map[string][]string{
		"/i/42": {"14:12 UTC", "in 4 min", "6 min", "nobody yet"},
		"/i/41": {"25 min overdue", "A reminder waits for an answer", domID("INC-41:nudge:1:0:1")},
		"/i/40": {"an alert, not an incident yet"},
	} {
		_, body := visit(t, c, "GET", srv.URL+path, "")
		for _, want := range words {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %q", path, want)
			}
		}
	}
}
