package slack

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"mayday/bot/chat"
)

// hostile are pieces that mean something to Slack, or to a forger.
var hostile = rapid.StringOfN(rapid.SampledFrom([]rune("ab1 9.)*_~`|[]()<>@#&:/\\-+!\"'^\n\té🧪\u202e\u200b")), 0, 60, -1)

var pieces = rapid.OneOf(hostile, rapid.SampledFrom([]string{
	"<!channel>", "<!here>", "<!everyone>", "<@U0SAM>", "<@W0SAM|x>", "<!subteam^S0LEADS>", "<#C0OPS>", "<https://evil.example|a>", "<!date^1^{date}|x>",
	"&lt;!channel&gt;", "&amp;lt;", "@everyone", "https://evil.example", "```", "*", "_", "~", "> ", "|", ":fire:", "&",
}))

func someWords(t *rapid.T, label string, most int) string {
	return strings.Join(rapid.SliceOfN(pieces, 0, most).Draw(t, label), "")
}

func anySpan(t *rapid.T) chat.Span {
	said := someWords(t, "text", 5)
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return chat.Strong(said)
	case 1:
		return chat.Muted(said)
	case 2:
		return chat.Code(said)
	case 3:
		return chat.A(said, "https://a.example/"+someWords(t, "url", 20))
	case 4:
		return chat.At(noon)
	case 5:
		return chat.Call(rapid.SampledFrom([]chat.Mention{ana, approvers, stranger, forger}).Draw(t, "who"))
	case 6:
		return chat.T(strings.Repeat(said, 80))
	}
	// As if somebody had forgotten to clean it.
	return chat.Span{Kind: chat.SpanText, Text: said}
}

func anyMessage(t *rapid.T) chat.Message {
	m := chat.Message{Key: "k" + someWords(t, "key", 3), Kind: "card"}
	for range rapid.IntRange(1, 16).Draw(t, "lines") {
		var l chat.Line
		for range rapid.IntRange(1, 4).Draw(t, "spans") {
			l = append(l, anySpan(t))
		}
		m.Lines = append(m.Lines, l)
	}
	for n := range rapid.IntRange(0, 4).Draw(t, "buttons") {
		b := chat.Button{ID: strings.Repeat("b", n+1), Label: chat.Clamp("x"+someWords(t, "label", 4), 24)}
		if rapid.Bool().Draw(t, "link") {
			b.URL = "https://a.example/" + someWords(t, "to", 30)
		}
		m.Buttons = append(m.Buttons, b)
	}
	for n := range rapid.IntRange(0, 30).Draw(t, "more") {
		m.More = append(m.More, chat.Button{ID: strings.Repeat("m", n+1), Label: "More"})
	}
	if rapid.IntRange(0, 4).Draw(t, "pictured") == 0 {
		m.Image = &chat.Image{Alt: someWords(t, "alt", 200), URL: "https://charts.example/" + someWords(t, "chart", 3)}
	}
	if rapid.Bool().Draw(t, "tried") {
		m.Tried = noon
	}
	m = m.Finish()
	if rapid.IntRange(0, 4).Draw(t, "plain") == 0 {
		m.Lines = nil
	}
	return m
}

// TestEveryMessageFits: whatever is in a message, Slack takes it, and it calls
// nobody but whom it mentions.
func TestEveryMessageFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := anyMessage(t)
		raw, err := Platform.Render(m)
		if err != nil {
			t.Fatal(err)
		}
		var b struct {
			Text   string           `json:"text"`
			Blocks []map[string]any `json:"blocks"`
		}
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Fatal(err)
		}
		if wrong := fits(b.Text, b.Blocks); wrong != "" {
			t.Fatalf("%s\nmessage %+v\nbody %s", wrong, m, raw)
		}
		if !m.Tried.IsZero() && !strings.HasSuffix(strings.TrimRight(b.Text, "\n "), mayRepeat) {
			t.Fatalf("a repeat is not marked: %q", b.Text)
		}
	})
}

// fits holds a body against Slack's limits, and its calls against the mentions,
// "" when all is well.
func fits(said string, blocks []map[string]any) string {
	switch {
	case strings.TrimSpace(said) == "" || utf8.RuneCountInString(said) > 4000:
		return "text is empty or too long"
	case strings.ContainsAny(said, "<>"):
		return "text has a mark"
	case len(blocks) == 0 || len(blocks) > maxBlocks:
		return "too many blocks, or none"
	}
	sum, wrong := 0, ""
	ids := map[string]bool{}
	var look func(v any)
	look = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if w := misfit(v, ids, &sum); w != "" {
				wrong = w
			}
			for _, one := range v {
				look(one)
			}
		case []any:
			for _, one := range v {
				look(one)
			}
		}
	}
	for _, b := range blocks {
		look(b)
	}
	if sum > 13200 {
		return fmt.Sprintf("%d characters in all blocks", sum)
	}
	return wrong
}

func misfit(v map[string]any, ids map[string]bool, sum *int) string {
	said, _ := v["text"].(string)
	*sum += utf8.RuneCountInString(said)
	list := func(key string) int { l, _ := v[key].([]any); return len(l) }
	kind, _ := v["type"].(string)
	if id, ok := v["action_id"].(string); ok {
		if ids[id] || len(id) > maxActionID {
			return "action_id " + id + " twice, or too long"
		}
		ids[id] = true
	}
	called := fmt.Sprint(v["user_id"], v["usergroup_id"])
	switch {
	case kind == "broadcast" || kind == "channel" || kind == "emoji":
		return "it has a " + kind
	case kind == "mrkdwn" && strings.Trim(strings.NewReplacer("<@U0ANA>", "", "<!subteam^S0LEADS>", "").Replace(said), " ") != "":
		return "mrkdwn says " + said
	case (kind == "user" || kind == "usergroup") && !slices.Contains([]string{"U0ANA<nil>", "<nil>S0LEADS"}, called):
		return "it calls " + called
	case (kind == "text" || kind == "plain_text") && (said == "" || utf8.RuneCountInString(said) > maxSection):
		return "a text is empty or too long"
	case kind == "actions" && (list("elements") == 0 || list("elements") > maxElements):
		return "actions do not fit"
	case kind == "overflow" && (list("options") < 2 || list("options") > maxOverflow), kind == "static_select" && list("options") > maxOptions:
		return "a menu does not fit"
	case kind == "button" && len(fmt.Sprint(v["url"])) > maxURL:
		return "an address is too long"
	case kind == "image" && (fmt.Sprint(v["alt_text"]) == "" || utf8.RuneCountInString(fmt.Sprint(v["alt_text"])) > 2000):
		return "a picture has no words, or too many"
	}
	return ""
}

func TestWordsAreShownAsTheyAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		said := someWords(t, "text", 6)
		m := chat.Message{Key: "k", Lines: []chat.Line{chat.L(said)}}.Finish()
		block := rich(painter{}.lines(m))
		if strings.TrimSpace(chat.Clean(said)) == "" {
			if block != nil {
				t.Fatalf("nothing is shown as %+v", block)
			}
			return
		}
		raw, err := json.Marshal(block)
		if err != nil {
			t.Fatal(err)
		}
		var b struct {
			Elements []struct {
				Elements []struct{ Type, Text string }
			}
		}
		if err := json.Unmarshal(raw, &b); err != nil {
			t.Fatal(err)
		}
		got := b.Elements[0].Elements
		if len(got) != 1 || got[0].Type != "text" || got[0].Text != chat.Clean(said) {
			t.Fatalf("%q is shown as %+v", said, got)
		}
		if back := entities.Replace(escape(chat.Clean(said), maxText)); back != chat.Clean(said) {
			t.Fatalf("%q is read aloud as %q", said, back)
		}
	})
}
