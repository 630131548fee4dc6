package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

// messageView is a message as a page shows it.
type messageView struct {
	chat.Message
	DOM   string // id of the element
	Lines []lineView
	Form  *formView
	Press []chat.Button // the row, without the one that the form submits
	Extra []chat.Button // behind "More…"
	Fold  bool          // over and answered: one line, opened by a tap
	Back  string        // where a press returns to
	Acts  bool          // whether presses are possible for whoever looks
}

type lineView struct {
	Indent bool
	Spans  []spanView
}

// spanView is a piece of text, made inert once more: what stands in the store
// may have been written by an older version.
type spanView struct {
	Kind string
	Text string
	URL  string
	At   time.Time
	Mine bool // a mention of whoever looks
}

// buttonView is a button with the place that its press returns to.
type buttonView struct {
	chat.Button
	Back string
}

func act(b chat.Button, back string) buttonView {
	if strings.HasPrefix(b.URL, "//") || !strings.HasPrefix(b.URL, "/") {
		b.URL = safeURL(b.URL)
	}
	return buttonView{Button: tidy(b), Back: back}
}

// tidy makes what stands on a button inert.
func tidy(b chat.Button) chat.Button {
	b.Label = chat.Clean(b.Label)
	if b.Style != chat.Primary && b.Style != chat.Harm {
		b.Style = chat.Plain
	}
	return b
}

func domID(key string) string {
	sum := sha256.Sum256([]byte(key))
	return "m-" + base64.RawURLEncoding.EncodeToString(sum[:9])
}

// view prepares a message for the page that returns to back.
func view(m chat.Message, v visitor, back string) messageView {
	out := messageView{Message: m, DOM: domID(m.Key), Back: back, Acts: !v.reads, Extra: m.More}
	for _, l := range m.Lines {
		out.Lines = append(out.Lines, viewLine(l, v.user.Name))
	}
	if len(out.Lines) == 0 {
		for l := range strings.SplitSeq(m.Text, "\n") {
			out.Lines = append(out.Lines, viewLine(chat.L(l), v.user.Name))
		}
	}
	out.Press = m.Buttons
	if m.Image != nil {
		out.Image = &chat.Image{URL: safeURL(m.Image.URL), Alt: chat.Clean(m.Image.Alt)}
		if len(m.Image.Data) > 0 {
			out.Image.URL = pictureURL(m)
		}
	}
	if m.Form == nil {
		return out
	}
	out.Form = viewForm(m)
	out.Press = slices.DeleteFunc(slices.Clone(m.Buttons), func(b chat.Button) bool { return b.ID == m.Form.Submit })
	return out
}

func viewLine(l chat.Line, me string) lineView {
	var out lineView
	for n, s := range l {
		words := chat.Clean(s.Text)
		if n == 0 && strings.HasPrefix(words, "  ") {
			out.Indent, words = true, strings.TrimLeft(words, " ")
		}
		p := spanView{Kind: string(s.Kind), Text: words, At: s.At}
		switch s.Kind {
		case chat.SpanLink:
			p.URL = safeURL(s.URL)
			if p.URL == "" {
				p.Kind = string(chat.SpanText)
			}
		case chat.SpanTime:
			if s.At.IsZero() {
				p.Kind = string(chat.SpanText)
			}
		case chat.SpanMention:
			p.Mine = s.Mention != nil && !s.Mention.Role && strings.EqualFold(s.Mention.Name, me)
		}
		if p.Text != "" {
			out.Spans = append(out.Spans, p)
		}
	}
	return out
}

// safeURL lets web addresses through and nothing else.
func safeURL(link string) string {
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return ""
	}
	return u.String()
}

// marks are shape and word, never colour alone (INTERACTION 2.0).
var marks = map[incident.Severity]string{incident.SEV1: "▲", incident.SEV2: "◆", incident.SEV3: "●"}

// incidentView is an incident as pages head it.
type incidentView struct {
	ID, Title, Service, Impact    string
	Mark, Sev, State, Tone, Owner string
	Open, Declared                bool
	Opened, Ended                 time.Time
	Length                        string
	Due                           *time.Time
	Overdue                       bool
	Clock                         string // words for the clock when nothing is due
	Updates, Alerts               int
	Merged                        string
	DoNot                         []string
	Waits                         []waitView
}

// waitView is a run or step that goes on or stands on a press.
type waitView struct {
	Words string
	Link  string
	Asks  bool
}

func (s *Server) viewIncident(i *incident.Incident) incidentView {
	now := s.o.Now()
	out := incidentView{
		ID: i.ID(), Title: chat.Clean(i.Title), Service: chat.Clean(i.Service), Impact: chat.Clean(i.Impact), Mark: marks[i.Severity], Sev: string(i.Severity),
		State: string(i.State), Tone: strings.ToLower(string(i.Severity)), Owner: chat.Clean(i.Owner), Open: i.Open(), Declared: i.Declared(),
		Opened: i.OpenedAt, Ended: i.ResolvedAt, Updates: len(i.Updates), Alerts: len(i.Sources), Waits: waits(i),
	}
	if u := i.LastUpdate(); u != nil && u.Impact != "" {
		out.Impact = chat.Clean(u.Impact)
	}
	for _, no := range i.DoNot {
		out.DoNot = append(out.DoNot, chat.Clean(no))
	}
	if i.MergedInto > 0 {
		out.Merged = incident.FormatID(i.MergedInto)
	}
	if !i.Open() {
		out.Mark, out.Tone, out.Length = "✓", "ok", length(i.ResolvedAt.Sub(i.OpenedAt))
		return out
	}
	out.Length = length(now.Sub(i.OpenedAt))
	due, ok := nextDue(i)
	switch {
	case ok:
		out.Due, out.Overdue = &due, now.After(due)
	case !i.Declared():
		out.Clock = "an alert, not an incident yet"
	case i.Clock.Paused:
		out.Clock = "reminders are paused"
	}
	return out
}

// waits lists what goes on in an incident, with the place to look at.
func waits(i *incident.Incident) []waitView {
	if !i.Open() && !i.GoesOn() {
		return nil
	}
	out := waitingSteps(i)
	if n := len(i.Nudges); i.Clock.Alive && n > 0 && i.Nudges[n-1].Ended == "" && !i.Nudges[n-1].Facts {
		out = append(out, waitView{Words: "A reminder waits for an answer", Link: "#" + domID(i.Nudges[n-1].Key.MessageKey(i.ID())), Asks: true})
	}
	return append(out, waitingRuns(i)...)
}

func waitingSteps(i *incident.Incident) []waitView {
	var out []waitView
	for n := range i.Steps {
		s := &i.Steps[n]
		if s.Parent != "" {
			continue
		}
		link := "#" + domID(i.ID()+":step:"+s.ID)
		title := chat.Clamp(chat.Clean(s.Plan.Title), 60)
		switch {
		case s.State.WaitsForPress() && s.SecondOne:
			out = append(out, waitView{Words: "Approval needed: " + title, Link: link, Asks: true})
		case s.State.WaitsForPress():
			out = append(out, waitView{Words: "Waits for a press: " + title, Link: link, Asks: true})
		case s.State.Running():
			out = append(out, waitView{Words: "Running: " + title, Link: link})
		case s.State == incident.UnknownOutcome:
			out = append(out, waitView{Words: "Not known whether it worked: " + title, Link: link, Asks: true})
		}
	}
	return out
}

func waitingRuns(i *incident.Incident) []waitView {
	var out []waitView
	for n := range i.Runs {
		r := &i.Runs[n]
		res := r.Results[r.At]
		switch {
		case r.State == incident.RunWaiting && res.Asked != "" && res.Outcome == "" && res.Step == "":
			out = append(out, waitView{Words: chat.Clean(r.Playbook) + " asks you", Link: "#" + domID(i.ID()+":ask:"+r.ID+":"+r.At), Asks: true})
		case r.State == incident.RunPaused:
			out = append(out, waitView{Words: chat.Clean(r.Playbook) + " is paused", Link: "#" + domID(i.ID()+":run:"+r.ID), Asks: true})
		}
	}
	return out
}

// pictureURL is where the PNG of a message is.
func pictureURL(m chat.Message) string {
	return "/i/" + url.PathEscape(m.Incident) + "/picture?key=" + url.QueryEscape(m.Key)
}
