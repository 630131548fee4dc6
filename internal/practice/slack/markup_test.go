package slack

import (
	"encoding/json"
	"slices"
	"testing"
)

var someNames = map[string]string{"U0ANA": "@Ana", "S0SRE": "@sre", "C0OPS": "#operations"}

func TestPlainIsWhatAPersonReads(t *testing.T) {
	for text, want := range map[string]string{
		"*bold* and _it_ and ~gone~":                "bold and it and gone",
		"2*3*4 and snake_case_name":                 "2*3*4 and snake_case_name",
		"* not bold* and *not bold *":               "* not bold* and *not bold *",
		"*over\nlines*":                             "*over\nlines*",
		"*a*b":                                      "*a*b",
		"(*bold*)":                                  "(bold)",
		"a &lt;b&gt; &amp; c &amp;lt;":              "a <b> & c &lt;",
		"<@U0ANA> of <!subteam^S0SRE> in <#C0OPS|>": "@Ana of @sre in #operations",
		"<!here> <!channel|x>":                      "@here @channel",
		"see <https://x.example/a|the graph>":       "see the graph",
		"<https://x.example/?a=1&amp;b=2>":          "https://x.example/?a=1&b=2",
		"`a *b* &lt;` and ```x\n*y*```":             "a *b* < and x\n*y*",
		"at <!date^1700000000^{time}|22:13 UTC>":    "at 22:13 UTC",
		"&gt; quoted *b*\nnot":                      "quoted b\nnot",
		"<nothing special>":                         "<nothing special>",
		"**double** __under__":                      "**double** __under__",
	} {
		if got := (Message{Text: text, names: someNames}).Plain(); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestPingedAndLinks(t *testing.T) {
	blocks := json.RawMessage(`[{"type":"section","text":{"type":"mrkdwn","text":"<!subteam^S0SRE> https://x.example."}},{"type":"context","elements":[{"type":"plain_text","text":"<@U0LI>"}]}]`)
	m := Message{Text: "<@U0ANA> `<!here>` &lt;!channel&gt;", Blocks: blocks, names: someNames}
	if got, want := m.Pinged(), []string{"S0SRE", "U0ANA", "here"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := m.Links(), []string{"https://x.example"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := m.Plain(), "@sre https://x.example.\n<@U0LI>"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := (Message{Text: "@here @ana", parse: true, names: someNames}).Pinged(), []string{"here", "U0ANA"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
