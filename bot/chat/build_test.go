package chat

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestClean(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"plain":              {"errors 12% (usual 0.3%)", "errors 12% (usual 0.3%)"},
		"letters of others":  {"größer 数据库 ёж שלום", "größer 数据库 ёж שלום"},
		"emoji":              {"🔥 fire", "🔥 fire"},
		"bidi override":      {"\u202egpj.exe\u202c", "gpj.exe"},
		"bidi isolates":      {"a\u2066b\u2067c\u2068d\u2069e", "abcde"},
		"marks of direction": {"a\u200eb\u200fc\u061cd", "abcd"},
		"zero width":         {"@every\u200bone \u200c\u200d\u2060\ufeff", "@everyone "},
		"soft hyphen":        {"pass\u00adword", "password"},
		"tags":               {"a\U000e0041\U000e007fb", "ab"},
		"controls":           {"a\x00b\x07c\x1b[31md\x7fe\u0085f", "abc[31mdef"},
		"lines":              {"one\ntwo\r\nthree\tfour\u2028five\u2029six", "one two  three four five six"},
		"fillers":            {"\u115f\u1160\u3164\uffa0\u034fname", "name"},
		"broken bytes":       {"a\xff\xfeb\xe2\x28c", "ab(c"},
		"a surrogate":        {"a\xed\xa0\x80b", "ab"},
		"nothing":            {"", ""},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// inert says what is left in a text that could act.
func inert(s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%q is not UTF-8", s)
	}
	for _, r := range s {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == '\u2028', r == '\u2029', r == unicode.ReplacementChar, isFiller(r):
			return fmt.Errorf("%q still has %U", s, r)
		}
	}
	return nil
}

func FuzzClean(f *testing.F) {
	for _, s := range []string{"", "plain", "\u202eevil\u202c", "a\nb", "\xff\xfe", "@everyone", "<!channel>", "\u3164\u200b", strings.Repeat("\u200bx", 5000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if err := inert(got); err != nil {
			t.Fatal(err)
		}
		if again := Clean(got); again != got {
			t.Fatalf("cleaned twice: %q, once: %q", again, got)
		}
		if len(got) > len(s) {
			t.Fatalf("%q became longer: %q", s, got)
		}
	})
}

// TestBuildersClean: whatever builds a piece of a message, the words in it are
// inert.
func TestBuildersClean(t *testing.T) {
	bad := "\u202eev\u200bil\n<!channel>\x00"
	want := "evil <!channel>"
	for name, s := range map[string]Span{"T": T(bad), "Tf": Tf("%s", bad), "Strong": Strong(bad), "Muted": Muted(bad), "Code": Code(bad),
		"A": A(bad, "https://a.example"), "A of another scheme": A(bad, "javascript:alert(1)"), "Call": Call(Mention{Name: bad})} {
		if err := inert(s.Text); err != nil || !strings.Contains(s.Text, want) {
			t.Errorf("%s: %q, %v", name, s.Text, err)
		}
	}
	for _, url := range []string{"javascript:alert(1)", "data:text/html,x", "//a.example", "file:///etc/passwd", "", " https://a", "HTTPS://a"} {
		if s := A("x", url); s.Kind == SpanLink || s.URL != "" {
			t.Errorf("%q became a link", url)
		}
	}
	if got := L("a\n", T("b"), L(Strong("c")), 4, bad).String(); got != "a bc4"+want {
		t.Errorf("the line is %q", got)
	}
}

func TestClamp(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"ab cd", 4, "ab…"}, {"äöüß", 3, "äö…"}, {"🔥🔥🔥", 2, "🔥…"}, {"", 5, ""}, {"abc", 1, "…"}} {
		if got := Clamp(c.in, c.n); got != c.want {
			t.Errorf("Clamp(%q, %d) is %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestFinishKeepsTheLimits(t *testing.T) {
	long := strings.Repeat("x", 5000)
	lines := make([]Line, 40)
	for n := range lines {
		lines[n] = L(Tf("line %d ", n), Call(Mention{Name: "Ana"}), long)
	}
	m := Message{Key: "k", Kind: "card", Lines: lines}.Finish()
	if err := m.Check(); err != nil {
		t.Error(err)
	}
	if len(m.Lines) != Shared.Lines || !strings.Contains(m.Lines[Shared.Lines-1].String(), "27 more lines") {
		t.Errorf("%d lines, the last: %q", len(m.Lines), m.Lines[len(m.Lines)-1])
	}
	if len(m.Mentions) != Shared.Lines-1 {
		t.Errorf("%d mentions: those of lines that are not shown must not ring", len(m.Mentions))
	}
	if len(lines) != 40 || !strings.HasPrefix(lines[13].String(), "line 13") {
		t.Error("Finish changed the lines it was given")
	}
	if d := cmp.Diff(m, m.Finish()); d != "" {
		t.Errorf("finished twice is another message:\n%s", d)
	}
}

func TestFinishDerives(t *testing.T) {
	m := Message{Key: "k", Lines: []Line{L("a ", At(time.Date(2026, 11, 25, 15, 4, 0, 0, time.FixedZone("CET", 3600)))), L(Call(Mention{Name: "ops", Role: true}))}}.Finish()
	if m.Text != "a 14:04\n@ops" || len(m.Mentions) != 1 || !m.Mentions[0].Role {
		t.Errorf("text %q, mentions %v", m.Text, m.Mentions)
	}
	if m.Buttons == nil || m.Fields == nil {
		t.Error("lists are missing rather than empty")
	}
	if m := (Message{Key: "k", Text: "words"}).Finish(); m.Text != "words" || m.Mentions == nil {
		t.Errorf("a message without lines lost its text: %+v", m)
	}
}

func TestCheckFindsWhatIsWrong(t *testing.T) {
	button := func(label string, s Style) Button { return Button{ID: "b", Label: label, Style: s} }
	form := func(fields int, title, label string) *Form {
		return &Form{Title: title, Label: label, Submit: "b", Fields: make([]Field, fields)}
	}
	good := Message{Key: "k", Text: "words", Buttons: []Button{button("Roll back", Primary)}, More: []Button{button("Stop", Plain)}, Form: form(5, "Update", "Post")}
	if err := good.Check(); err != nil {
		t.Fatalf("a good message: %v", err)
	}
	for name, spoil := range map[string]func(*Message){
		"no text":           func(m *Message) { m.Text = " \n" },
		"long text":         func(m *Message) { m.Text = strings.Repeat("ä", Shared.Text+1) },
		"too many lines":    func(m *Message) { m.Lines = make([]Line, Shared.Lines+1) },
		"too many buttons":  func(m *Message) { m.Buttons = make([]Button, Shared.Row+1) },
		"an empty label":    func(m *Message) { m.Buttons = []Button{button("", Plain)} },
		"a long label":      func(m *Message) { m.More = []Button{button(strings.Repeat("x", Shared.Label+1), Plain)} },
		"two primaries":     func(m *Message) { m.More = []Button{button("Stop", Primary)} },
		"a form of nothing": func(m *Message) { m.Form = form(0, "Update", "Post") },
		"a form of six":     func(m *Message) { m.Form = form(6, "Update", "Post") },
		"a long title":      func(m *Message) { m.Form = form(1, strings.Repeat("x", Shared.Title+1), "Post") },
		"a long submit":     func(m *Message) { m.Form = form(1, "Update", strings.Repeat("x", Shared.Label+1)) },
	} {
		m := good
		spoil(&m)
		if m.Check() == nil {
			t.Errorf("%s: nothing is found", name)
		}
	}
	edge := good
	edge.Text, edge.Buttons = strings.Repeat("ä", Shared.Text), []Button{button(strings.Repeat("ü", Shared.Label), Primary)}
	if err := edge.Check(); err != nil {
		t.Errorf("at the limit: %v", err)
	}
}
