package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

type exportCmd struct {
	Timeline   exportTimelineCmd   `cmd:"" help:"Everything that happened in an incident."`
	Postmortem exportPostmortemCmd `cmd:"" help:"The draft of a postmortem: only facts."`
	Audit      exportAuditCmd      `cmd:"" help:"Every act: who asked, who approved, what exactly, how it ended."`
}

// format is how data is written.
type format struct {
	Format string `enum:"md,json,csv" default:"md" help:"md, json or csv."`
}

// write writes rows in the chosen form.
func (f format) write(r *run, title string, head []string, rows [][]string, whole any) error {
	if r.style.JSON {
		f.Format = "json"
	}
	switch f.Format {
	case "json":
		return r.json(whole)
	case "csv":
		w := csv.NewWriter(r.out)
		if err := errors.Join(w.Write(head), w.WriteAll(harmless(rows))); err != nil {
			return fmt.Errorf("write csv: %w", err)
		}
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n| %s |\n|%s\n", title, strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	for _, row := range rows {
		for n := range row {
			row[n] = inMarkdown.Replace(inert(row[n]))
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	_, err := fmt.Fprint(r.out, b.String())
	return err
}

var inMarkdown = strings.NewReplacer("\n", "<br>", "|", `\|`, "<", "&lt;", "[", `\[`, "`", "\\`", "*", `\*`)

// harmless keeps spreadsheets from running a cell: text that came from an alert
// may begin with "=".
func harmless(rows [][]string) [][]string {
	for _, row := range rows {
		for n, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				row[n] = "'" + cell
			}
		}
	}
	return rows
}

type exportTimelineCmd struct {
	ID string `arg:"" help:"INC-42."`
	format
	remote
}

// Run writes the timeline, oldest first.
func (c *exportTimelineCmd) Run(r *run) error {
	var answer struct {
		Entries []entryView `json:"entries"`
	}
	if err := c.get(r, under(c.ID, "timeline"), &answer); err != nil {
		return err
	}
	var rows [][]string
	for _, e := range answer.Entries {
		if e.Quiet && c.Format == "md" {
			continue // housekeeping, which programs may want
		}
		step := ""
		if e.Step != nil {
			step = *e.Step
		}
		rows = append(rows, []string{strconv.FormatInt(e.Seq, 10), e.At.UTC().Format(time.RFC3339), e.Kind, e.Actor, e.Text, step})
	}
	return c.write(r, "Timeline of "+c.ID, []string{"seq", "at", "kind", "actor", "text", "step"}, rows, answer)
}

type exportPostmortemCmd struct {
	ID     string `arg:"" help:"INC-42."`
	Format string `enum:"md,json" default:"md" help:"md or json."`
	remote
}

// Run writes the draft as Markdown.
func (c *exportPostmortemCmd) Run(r *run) error {
	var text string
	if err := c.get(r, under(c.ID, "postmortem"), &text); err != nil {
		return err
	}
	if r.style.JSON || c.Format == "json" {
		return r.json(map[string]string{"incident": c.ID, "markdown": text})
	}
	_, err := fmt.Fprint(r.out, inert(text))
	return err
}

type exportAuditCmd struct {
	ID string `arg:"" optional:"" help:"Of one incident (default: of all)."`
	format
	remote
}

// Run writes every act, newest incident first.
func (c *exportAuditCmd) Run(r *run) error {
	acts, err := c.acts(r)
	if err != nil {
		return err
	}
	rows := make([][]string, 0, len(acts))
	for _, a := range acts {
		rows = append(rows, []string{a.Incident, stamp(a.StartedAt), a.Playbook, a.Action, a.Plan.Target, a.Plan.Title, a.Plan.Command, a.State,
			a.RequestedBy, strings.Join(a.ApprovedBy, ", "), a.StartedBy, a.Code, a.Receipt, a.Reason, a.UndoneBy})
	}
	head := []string{"incident", "started", "playbook", "action", "target", "what", "command", "state",
		"asked by", "approved by", "started by", "code", "receipt", "reason", "undone by"}
	return c.write(r, "Acts", head, rows, map[string]any{"acts": acts})
}

type act struct {
	Incident string `json:"incident"`
	stepView
}

// acts reads the steps of one incident, or of all, page by page.
func (c *exportAuditCmd) acts(r *run) ([]act, error) {
	ids := []string{c.ID}
	if c.ID == "" {
		var err error
		if ids, err = c.everything(r); err != nil {
			return nil, err
		}
	}
	acts := []act{}
	for _, id := range ids {
		inc, err := c.incident(r, id)
		if err != nil {
			return nil, err
		}
		for _, s := range inc.Steps {
			acts = append(acts, act{Incident: inc.ID, stepView: s})
		}
	}
	return acts, nil
}

func (m *remote) everything(r *run) ([]string, error) {
	var ids []string
	cursor := ""
	for {
		var page struct {
			Incidents []incidentView `json:"incidents"`
			Next      *string        `json:"next"`
		}
		if err := m.get(r, "/api/v1/incidents?state=all&limit=200&cursor="+cursor, &page); err != nil {
			return nil, err
		}
		for _, i := range page.Incidents {
			ids = append(ids, i.ID)
		}
		if page.Next == nil {
			return ids, nil
		}
		cursor = *page.Next
	}
}

func stamp(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
