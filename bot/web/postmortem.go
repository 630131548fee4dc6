package web

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"mayday/bot/chat"
	"mayday/internal/incident"
)

func (s *Server) apiPostmortem(w http.ResponseWriter, r *http.Request, _ visitor) error {
	i, err := s.named(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	entries, err := s.o.Reader.Timeline(r.Context(), i.Number, 0)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/markdown; charset=utf-8")
	_, _ = w.Write([]byte(postmortem(i, entries))) // the reader may be gone; nothing depends on it
	return nil
}

// postmortem is the draft that facts alone can make. What needs judgement is
// left to people, as headings with a question.
func postmortem(i *incident.Incident, entries []incident.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\nDraft of facts that Mayday recorded. All times are UTC.\n\n", i.ID(), md(i.Title))
	summary(&b, i)
	b.WriteString("\n## What readers were told\n\n")
	for _, u := range i.Updates {
		fmt.Fprintf(&b, "- %s, %s, by %s: %s %s\n", stamp(u.At), u.State, md(u.By), md(u.Impact), md(u.Doing))
	}
	none(&b, len(i.Updates), "Nothing was posted in #status.")
	b.WriteString("\n## Timeline\n\n")
	for _, e := range entries {
		if !e.Quiet {
			fmt.Fprintf(&b, "- %s %s%s\n", stamp(e.At), md(e.Text), actorNote(e))
		}
	}
	none(&b, len(entries), "There are no entries.")
	acts(&b, i)
	b.WriteString("\n## For people to write\n\n- What made this possible?\n- What went well, what went badly, where were we lucky?\n- Actions, each with an owner and a date:\n")
	return b.String()
}

func summary(b *strings.Builder, i *incident.Incident) {
	b.WriteString("## Summary\n\n")
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "- %s: %s\n", name, md(value))
		}
	}
	row("Service", i.Service)
	row("Severity", string(i.Severity))
	row("State", string(i.State))
	row("Owner", i.Owner)
	row("Opened", stamp(i.OpenedAt))
	row("Declared", stamp(i.DeclaredAt))
	row("Resolved", stamp(i.ResolvedAt))
	if !i.ResolvedAt.IsZero() {
		row("Length", length(i.ResolvedAt.Sub(i.OpenedAt)))
	}
	row("What users felt", i.Impact)
	row("How it ended", i.Summary)
	for _, src := range i.Sources {
		row("Source", strings.TrimSpace(src.Kind+" "+src.Key+" "+src.URL))
	}
}

func acts(b *strings.Builder, i *incident.Incident) {
	b.WriteString("\n## Acts\n\n")
	for n := range i.Steps {
		st := &i.Steps[n]
		fmt.Fprintf(b, "- %s: %s. Asked by %s", stamp(st.ProposedAt), md(st.Plan.Title), md(strings.Join(st.AskerNames(), ", ")))
		if len(st.ApprovedBy) > 0 {
			fmt.Fprintf(b, ", approved by %s", md(strings.Join(st.ApprovedBy, ", ")))
		}
		fmt.Fprintf(b, ". Result: %s.", st.State)
		if st.Plan.Command != "" {
			fmt.Fprintf(b, " Command: `%s`", strings.ReplaceAll(chat.Clean(st.Plan.Command), "`", "'"))
		}
		if st.Receipt != nil {
			fmt.Fprintf(b, " Answer: %s", md(st.Receipt.Text))
		}
		b.WriteString("\n")
	}
	none(b, len(i.Steps), "Nothing was run.")
	b.WriteString("\n## Still in force\n\n")
	for _, st := range i.InForce() {
		fmt.Fprintf(b, "- %s (undo: %s)\n", md(st.Plan.Title), md(st.Plan.Undo))
	}
	none(b, len(i.InForce()), "Nothing.")
}

func none(b *strings.Builder, n int, words string) {
	if n == 0 {
		b.WriteString(words + "\n")
	}
}

func actorNote(e incident.Entry) string {
	if e.Via == "" {
		return ""
	}
	return " (" + md(e.Via) + ")"
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// md makes strangers' words plain in Markdown: no links, no headings, no HTML.
func md(s string) string {
	return strings.NewReplacer("\\", "\\\\", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "<", "&lt;", ">", "&gt;", "#", "\\#", "|", "\\|", "!", "\\!").Replace(chat.Clean(s))
}

// length says how long something took, in the two largest units.
func length(d time.Duration) string {
	d = max(d, 0)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 24*time.Hour:
		return strings.TrimSuffix(fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60), " 0 min")
	}
	return strings.TrimSuffix(fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24), " 0 h")
}
