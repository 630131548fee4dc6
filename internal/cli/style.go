package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/term"
)

// style is how every command speaks: data on stdout, words on stderr.
type style struct {
	JSON    bool `help:"Answer as JSON, for programs."`
	Plain   bool `help:"No marks, no colour, no lines that change: tabs between columns."`
	Quiet   bool `short:"q" help:"No words, only data and errors."`
	Verbose bool `short:"v" help:"Say which requests are made."`
	NoColor bool `help:"No colour (also: NO_COLOR, TERM=dumb)."`
	UTC     bool `name:"utc" help:"Times in UTC instead of local ones."`
}

// terminal reports whether somebody looks at what is written to w.
func terminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// say writes words for people, unless they want none.
func (r *run) say(format string, args ...any) {
	if !r.style.Quiet {
		fmt.Fprintf(r.words, format+"\n", args...)
	}
}

// next names the command that comes next; it is the last line.
func (r *run) next(format string, args ...any) {
	if !r.style.JSON {
		r.say("Next  "+format, args...)
	}
}

// json writes one value, indented for a terminal.
func (r *run) json(v any) error {
	e := json.NewEncoder(r.out)
	if terminal(r.out) {
		e.SetIndent("", "  ")
	}
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write the answer: %w", err)
	}
	return nil
}

// table writes aligned columns without a frame; with --plain there is one tab
// between them and no head.
func (r *run) table(head []string, rows [][]string) error {
	out := r.out
	flush := func() error { return nil }
	if !r.style.Plain {
		w := tabwriter.NewWriter(r.out, 0, 8, 2, ' ', 0)
		out, flush = w, w.Flush
		rows = append([][]string{head}, rows...)
	}
	for _, row := range rows {
		for n, cell := range row {
			row[n] = strings.Map(oneLine, cell)
		}
		if _, err := fmt.Fprintln(out, strings.Join(row, "\t")); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	return flush()
}

// oneLine keeps a cell in its row, and escapes of terminals out of it.
func oneLine(c rune) rune {
	if c < ' ' || c == 0x7f {
		return ' '
	}
	return c
}

// inert keeps what a terminal would obey out of text that came from elsewhere.
func inert(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\n' {
			return c
		}
		return oneLine(c)
	}, text)
}

// clock shows a time of day, with its date when that is not today.
func (r *run) clock(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	at, now := t.Local(), time.Now()
	if r.style.UTC {
		at, now = t.UTC(), now.UTC()
	}
	layout := "15:04"
	if at.Format(time.DateOnly) != now.Format(time.DateOnly) {
		layout = "2 Jan 15:04"
	}
	if r.style.UTC {
		layout += " UTC"
	}
	return at.Format(layout)
}

// colourful reports whether marks may have a colour.
func (r *run) colourful() bool {
	_, no := r.lookup("NO_COLOR")
	kind, _ := r.lookup("TERM")
	return !r.style.NoColor && !r.style.Plain && !no && kind != "dumb" && terminal(r.words)
}

// mark is a shape, with a colour that repeats what it says; --plain has a word.
func (r *run) mark(shape string) string {
	if r.style.Plain {
		return plainMarks[shape]
	}
	colour, ok := map[string]string{"✓": "32", "✗": "31", "?": "33"}[shape]
	if !ok || !r.colourful() {
		return shape
	}
	return "\x1b[" + colour + "m" + shape + "\x1b[0m"
}

var plainMarks = map[string]string{"✓": "done", "✗": "failed", "?": "unknown", "◐": "running", "○": "waiting", "–": "skipped"}

// shape is a mark on stdout, where there is never a colour.
func (r *run) shape(shape string) string {
	if r.style.Plain {
		return plainMarks[shape]
	}
	return shape
}
