package house

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// house is a small module. A case breaks one thing in it.
func house(changed map[string]string) fstest.MapFS {
	files := map[string]string{
		"main.go":                         "// Command mayday.\npackage main\nimport _ \"mayday/internal/cli\"\n",
		"bot/bot.go":                      "// Package bot.\npackage bot\nimport _ \"mayday/bot/chat\"\n",
		"bot/chat/chat.go":                "// Package chat.\npackage chat\n",
		"bot/slack/slack.go":              "// Package slack.\npackage slack\nimport _ \"github.com/slack-go/slack\"\nvar Platform = 1\n",
		"commands/own.go":                 "// Package commands.\npackage commands\nfunc init() {}\n",
		"deploy/README.md":                "",
		"integrations/port.go":            "// Package integrations.\npackage integrations\n",
		"integrations/redis/redis.go":     "// Package redis.\npackage redis\nvar Integration = 1\n",
		"integrations/postgres/pg.go":     "// Package postgres.\npackage postgres\nimport _ \"github.com/jackc/pgx/v5\"\n",
		"internal/app/plugins.go":         "// Package app.\npackage app\nimport (\n\"mayday/bot/slack\"\n\"mayday/integrations/redis\"\n)\nvar all = []int{slack.Platform, redis.Integration}\n",
		"internal/cli/cli.go":             "// Package cli.\npackage cli\n",
		"internal/incident/incident.go":   "// Package incident.\npackage incident\nimport _ \"mayday/internal/fault\"\n",
		"internal/fault/fault.go":         "// Package fault.\npackage fault\n",
		"internal/nested/go.mod":          "module other\n",
		"internal/nested/util/util.go":    "package util\n",
		"playbooks/playbooks.go":          "// Package playbooks.\npackage playbooks\n",
		"playbooks/testdata/ignored.go":   "not go at all",
		"playbooks/playbooks_test.go":     "package playbooks\nimport _ \"mayday/internal/practice\"\nconst s = \"slack\"\n",
		"internal/store/dialect/x.go.txt": "",
	}
	for name, text := range changed {
		files[name] = text
	}
	fsys := fstest.MapFS{}
	for name, text := range files {
		if text != gone {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return fsys
}

const gone = "(gone)"

// breaches runs all rules; each breach reads "rule: path: what".
func breaches(t *testing.T, changed map[string]string) []string {
	t.Helper()
	m, err := load(house(changed))
	if err != nil {
		t.Fatal(err)
	}
	found := []string{}
	for _, r := range rules {
		for _, v := range r.check(m) {
			found = append(found, fmt.Sprintf("%s: %s: %s", r.name, v.path, v.what))
		}
	}
	return found
}

func TestAGoodHousePasses(t *testing.T) {
	if diff := cmp.Diff([]string{}, breaches(t, nil)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEachRuleCanFail(t *testing.T) {
	const bot = "// Package bot.\npackage bot\n"
	for name, c := range map[string]struct {
		path, text string
		want       []string
	}{
		"a stray folder": {"tools/x.go", "// Package tools.\npackage tools\n",
			[]string{"folders: tools: tools", "imports: tools/x.go: tools"}},
		"a missing folder": {"deploy/README.md", gone, []string{"folders: deploy: deploy"}},
		"a fat main": {"main.go", "// Command mayday.\npackage main\n" + strings.Repeat("\n", 40),
			[]string{"folders: main.go: main.go"}},
		"code beside main": {"more.go", "package main\n", []string{"folders: more.go: more.go"}},
		"an import upwards": {"internal/incident/up.go", "package incident\nimport _ \"mayday/bot\"\n",
			[]string{"imports: internal/incident/up.go: bot"}},
		"a test package in the product": {"internal/app/x.go", "package app\nimport _ \"mayday/internal/chattest\"\n",
			[]string{"imports: internal/app/x.go: internal/chattest"}},
		"practice in the product": {"bot/x.go", bot + "import _ \"mayday/internal/practice\"\n",
			[]string{"imports: bot/x.go: internal/practice"}},
		"a sibling, in a test": {"integrations/redis/x_test.go", "package redis\nimport _ \"mayday/integrations/postgres\"\n",
			[]string{"imports: integrations/redis/x_test.go: integrations/postgres", "siblings: integrations/redis/x_test.go: integrations/postgres"}},
		"an SDK outside its adapter": {"bot/x.go", bot + "import _ \"github.com/jackc/pgx/v5/pgconn\"\n",
			[]string{"vendors: bot/x.go: github.com/jackc/pgx/v5/pgconn"}},
		"a test library in the product": {"bot/x.go", bot + "import _ \"github.com/google/go-cmp/cmp\"\n",
			[]string{"vendors: bot/x.go: github.com/google/go-cmp/cmp"}},
		"an unknown dependency": {"bot/x.go", bot + "import _ \"example.com/surprise\"\n",
			[]string{"vendors: bot/x.go: example.com/surprise"}},
		"a platform's name in a string": {"bot/x.go", bot + "const s = \"ask in Slack\"\n",
			[]string{"platform names: bot/x.go: slack"}},
		"a platform's name in an identifier": {"bot/x.go", bot + "type DiscordRoom struct{}\n",
			[]string{"platform names: bot/x.go: discord"}},
		"a platform's name in a comment": {"bot/x.go", bot + "// Slack has no such thing.\nconst s = 1\n", []string{}},
		"a clock in the domain": {"internal/incident/x.go", "package incident\nimport \"time\"\nvar t = time.Now()\n",
			[]string{"pure domain: internal/incident/x.go: time.Now"}},
		"I/O in the domain": {"internal/incident/x.go", "package incident\nimport _ \"net/http\"\n",
			[]string{"pure domain: internal/incident/x.go: net/http"}},
		"a goroutine in the domain": {"internal/incident/x.go", "package incident\nfunc f() { go f() }\n",
			[]string{"pure domain: internal/incident/x.go: go"}},
		"no package doc":   {"bot/bot.go", "package bot\n", []string{"package doc: bot/bot.go: bot"}},
		"an empty name":    {"playbooks/playbooks.go", "// Package common.\npackage common\n", []string{"package name: playbooks/playbooks.go: common"}},
		"a long file":      {"bot/x.go", bot + strings.Repeat("\n", maxFileLines), []string{"length: bot/x.go: bot/x.go"}},
		"a long function":  {"bot/x.go", bot + "func f() {" + strings.Repeat("\n", maxFuncLines) + "}\n", []string{"length: bot/x.go: f"}},
		"generated code":   {"bot/x.go", "// Code generated by hand. DO NOT EDIT.\n\npackage bot\n" + strings.Repeat("\n", maxFileLines), []string{}},
		"a wide interface": {"bot/x.go", bot + "type I interface { A(); B(); C(); D(); E(); F(); G() }\n", []string{"interface size: bot/x.go: I"}},
		"an init":          {"bot/x.go", bot + "func init() {}\n", []string{"init: bot/x.go: init"}},
		"a method named init": {"bot/x.go", bot + "type T int\nfunc (T) init() {}\n",
			[]string{}},
		"an exit":    {"bot/x.go", bot + "import \"os\"\nfunc f() { os.Exit(1) }\n", []string{"exit: bot/x.go: os.Exit"}},
		"a panic":    {"bot/x.go", bot + "func f() { panic(1) }\n", []string{"exit: bot/x.go: panic"}},
		"a sleep":    {"bot/x_test.go", "package bot\nimport \"time\"\nfunc f() { time.Sleep(1) }\n", []string{"sleep: bot/x_test.go: time.Sleep"}},
		"a skip":     {"bot/x_test.go", "package bot\nfunc f(t T) { t.Skipf(\"no\") }\n", []string{"skip: bot/x_test.go: t.Skipf"}},
		"not linked": {"integrations/nats/nats.go", "// Package nats.\npackage nats\nvar Integration = 1\n", []string{"linked: integrations/nats/nats.go: integrations/nats"}},
		"linked by import only": {"internal/app/plugins.go", "// Package app.\npackage app\nimport (\n_ \"mayday/bot/slack\"\nr \"mayday/integrations/redis\"\n)\nvar all = r.Integration\n",
			[]string{"linked: bot/slack/slack.go: bot/slack"}},
		"no plugins at all": {"internal/app/plugins.go", gone,
			[]string{"linked: bot/slack/slack.go: bot/slack", "linked: integrations/redis/redis.go: integrations/redis"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, breaches(t, map[string]string{c.path: c.text})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnExceptionCoversItsFileAndThingOnly(t *testing.T) {
	list := []exception{{rule: "exit", path: "bot/x.go", what: "panic"}, {rule: "length", path: "bot/web", what: "f"}}
	for _, c := range []struct {
		rule string
		v    violation
		want bool
	}{
		{"exit", violation{path: "bot/x.go", what: "panic"}, true},
		{"exit", violation{path: "bot/x.go", what: "os.Exit"}, false},
		{"exit", violation{path: "bot/x.go.go", what: "panic"}, false},
		{"sleep", violation{path: "bot/x.go", what: "panic"}, false},
		{"length", violation{path: "bot/web/deep/y.go", what: "f"}, true},
		{"length", violation{path: "bot/website.go", what: "f"}, false},
	} {
		if _, got := excepted(list, c.rule, c.v); got != c.want {
			t.Errorf("%s %v: got %v, want %v", c.rule, c.v, got, c.want)
		}
	}
}

func TestTheMoreExactVendorRowCounts(t *testing.T) {
	got, ok := vendorOf("k8s.io/apimachinery/pkg/types")
	if !ok || got.prefix != "k8s.io/apimachinery" {
		t.Errorf("got row %q, want k8s.io/apimachinery", got.prefix)
	}
	for _, v := range vendors {
		if v.reason == "" {
			t.Errorf("vendor row %s has no reason", v.prefix)
		}
	}
}
