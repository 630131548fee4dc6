package house

import (
	"flag"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/commands"
	"mayday/internal/app"
	"mayday/internal/config"
	"mayday/internal/telemetry"
)

var update = flag.Bool("update", false, "write the generated parts of the documentation anew")

func TestReadmeStartsWithTheTwoCommands(t *testing.T) {
	found := blocks(text(t, "README.md"))
	if len(found) == 0 || !strings.Contains(found[0].code, "go run . demo") || !strings.Contains(found[0].code, "make test") {
		t.Errorf("got first block %v, want the demo and the tests", found)
	}
}

func TestReadmeShowsWhatStandsInTheRooms(t *testing.T) {
	shown := 0
	for _, b := range blocks(text(t, "README.md")) {
		if b.language != "text" || b.note == "" {
			continue
		}
		shown++
		golden := text(t, "internal/app/testdata/golden/"+b.note+".txt")
		if !strings.Contains(golden, b.code) {
			t.Errorf("the README shows, as %s:\n%s\nbut the golden text is:\n%s", b.note, b.code, golden)
		}
	}
	if shown < 3 {
		t.Errorf("got %d pictures, want a card, an update and a reminder", shown)
	}
}

const tableBegin, tableEnd = "<!-- commands: kept by internal/house -->\n", "<!-- end -->"

func TestReadmeListsEveryCommand(t *testing.T) {
	var b strings.Builder
	b.WriteString("| command | also | what |\n|---|---|---|\n")
	for _, c := range commands.All() {
		usage := strings.ReplaceAll(strings.TrimSpace(c.Name+" "+c.Usage), "|", `\|`)
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", usage, strings.Join(c.Synonyms, ", "), c.Help)
	}
	readme := text(t, "README.md")
	before, rest, ok := strings.Cut(readme, tableBegin)
	got, after, closed := strings.Cut(rest, tableEnd)
	if !ok || !closed {
		t.Fatal("the README has no place for the table of commands")
	}
	if *update {
		if err := os.WriteFile("../../README.md", []byte(before+tableBegin+b.String()+tableEnd+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(b.String(), got); diff != "" {
		t.Errorf("go test ./internal/house -update mends it (-want +got):\n%s", diff)
	}
}

// TestEnvironmentIsListed sets one variable at a time, whatever FromEnv asks for.
func TestEnvironmentIsListed(t *testing.T) {
	var asked []string
	config.FromEnv(func(name string) (string, bool) { asked = append(asked, name); return "", false })
	listed := cells(text(t, "README.md"), "environment variable | what")
	slices.Sort(asked)
	slices.Sort(listed)
	if diff := cmp.Diff(asked, listed); diff != "" {
		t.Errorf("environment variables (-read +listed):\n%s", diff)
	}
	if n := reflect.TypeFor[config.Env]().NumField(); n != len(asked) {
		t.Errorf("got %d variables read, want %d, one for each field", len(asked), n)
	}
}

var (
	topLevelList = regexp.MustCompile(`(?s)var topLevel = \[\]string\{(.*?)\}`)
	quoted       = regexp.MustCompile(`"([^"]+)"`)
	exitConst    = regexp.MustCompile(`(?m)^\t(exit[A-Z]\w*)\s*= (\d+)$`)
	exitUse      = regexp.MustCompile(`\bexit[A-Z]\w*\b`)
)

func TestConfigurationKeysAreListed(t *testing.T) {
	m := topLevelList.FindStringSubmatch(text(t, "internal/app/settings.go"))
	if m == nil {
		t.Fatal("the list of top-level keys is not where it was")
	}
	var known []string
	for _, q := range quoted.FindAllStringSubmatch(m[1], -1) {
		known = append(known, q[1])
	}
	listed := cells(text(t, "README.md"), "key | what")
	slices.Sort(known)
	slices.Sort(listed)
	if diff := cmp.Diff(known, listed); diff != "" {
		t.Errorf("configuration keys (-known +listed):\n%s", diff)
	}
}

// TestExitCodesAreListed looks at the codes that the command line really uses.
func TestExitCodesAreListed(t *testing.T) {
	files, err := filepath.Glob("../../internal/cli/*.go")
	if err != nil || len(files) < 4 {
		t.Fatalf("got %d files of the command line, %v", len(files), err)
	}
	source := ""
	for _, path := range files {
		if !strings.HasSuffix(path, "_test.go") {
			source += text(t, "internal/cli/"+filepath.Base(path))
		}
	}
	uses := map[string]int{}
	for _, name := range exitUse.FindAllString(source, -1) {
		uses[name]++
	}
	var used []string
	for _, m := range exitConst.FindAllStringSubmatch(source, -1) {
		if uses[m[1]] > 1 {
			used = append(used, m[2])
		}
	}
	listed := cells(text(t, "README.md"), "exit code | meaning")
	slices.Sort(used)
	slices.Sort(listed)
	if diff := cmp.Diff(used, listed); diff != "" {
		t.Errorf("exit codes (-used +listed):\n%s", diff)
	}
}

func TestExampleConfigurationsAreValid(t *testing.T) {
	examples := map[string]string{"deploy/mayday.example.yaml": text(t, "deploy/mayday.example.yaml")}
	for _, name := range []string{"README.md", "bot/README.md", "deploy/README.md", "integrations/README.md"} {
		for n, b := range blocks(text(t, name)) {
			if b.language == "yaml" {
				examples[fmt.Sprintf("%s, block %d", name, n+1)] = b.code
			}
		}
	}
	if len(examples) < 4 {
		t.Fatalf("got %d examples, want those of the documents", len(examples))
	}
	for name, code := range examples {
		f, err := config.Parse(filepath.Join(t.TempDir(), "mayday.yaml"), []byte(code))
		if err == nil {
			_, err = app.Validate(f, config.Env{})
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheTenLinesAreTen(t *testing.T) {
	for _, b := range blocks(text(t, "README.md")) {
		if n := strings.Count(b.code, "\n"); b.language == "yaml" && n > 10 {
			t.Errorf("the first configuration has %d lines, want 10 at most", n)
		}
	}
}

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	fullURL = regexp.MustCompile(`^[a-z]+:`)
)

func TestEveryLinkLeadsSomewhere(t *testing.T) {
	for _, name := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(text(t, name), ""), -1) {
			if fullURL.MatchString(m[1]) {
				continue
			}
			file, place, _ := strings.Cut(m[1], "#")
			to := name
			if file != "" {
				to = path.Join(path.Dir(name), file)
			}
			if _, err := os.Stat(filepath.Join("../..", to)); err != nil {
				t.Errorf("%s: the link %s leads nowhere", name, m[1])
				continue
			}
			if place != "" && !anchors(text(t, to))[place] {
				t.Errorf("%s: %s has no place #%s", name, to, place)
			}
		}
	}
}

// elsewhere are words of machines and registries, which mean nothing to readers.
var elsewhere = regexp.MustCompile(`/(?:work|root|home|tmp)/|proxy\.golang|goproxy|registry\.|npmjs|pypi|ghcr\.io|docker\.io|quay\.io`)

func TestDocumentsNameNoMachineAndNoRegistry(t *testing.T) {
	for _, name := range append(documents(t), "deploy/compose.yaml", "deploy/Dockerfile", "deploy/mayday.service", "deploy/alerts.yaml", "deploy/mayday.example.yaml") {
		if got := elsewhere.FindString(text(t, name)); got != "" {
			t.Errorf("%s mentions %q", name, got)
		}
	}
}

var code = regexp.MustCompile(`"(E[0-9]{1,2})"`)

func TestEveryErrorHasItsPlace(t *testing.T) {
	m, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	explained, used := anchors(text(t, "bot/README.md")), map[string]bool{}
	for _, f := range m.files {
		if f.test {
			continue
		}
		for _, c := range code.FindAllStringSubmatch(text(t, f.path), -1) {
			used[c[1]] = true
			if !explained[strings.ToLower(c[1])] {
				t.Errorf("%s uses %s, which bot/README.md does not explain", f.path, c[1])
			}
		}
	}
	if len(used) < 15 {
		t.Errorf("got %d codes in the code, want all of them", len(used))
	}
}

var (
	metric   = regexp.MustCompile(`mayday_[a-z_]+`)
	selected = regexp.MustCompile(`(mayday_[a-z_]+)\{(\w+)="([^"]+)"\}`)
)

// TestAlertRulesNameRealMetrics counts one of everything and looks whether the
// series of the rules are in what Prometheus would read.
func TestAlertRulesNameRealMetrics(t *testing.T) {
	rules := text(t, "deploy/alerts.yaml")
	scraped := scrape(t, rules)
	for _, document := range []string{rules, text(t, "deploy/README.md")} {
		for _, name := range metric.FindAllString(document, -1) {
			if !strings.Contains(scraped, "\n"+name) {
				t.Errorf("%s is in no scrape", name)
			}
		}
	}
	for _, m := range selected.FindAllStringSubmatch(rules, -1) {
		series := regexp.MustCompile(`(?m)^` + m[1] + `\{[^}]*` + m[2] + `="` + m[3] + `"`)
		if !series.MatchString(scraped) {
			t.Errorf("%s has no %s %q", m[1], m[2], m[3])
		}
	}
}

func scrape(t *testing.T, rules string) string {
	t.Helper()
	tel, err := telemetry.New(telemetry.Options{Out: io.Discard, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	counts := tel.Metrics()
	counts.IncidentOpened("pagerduty", "SEV2")
	counts.NudgeSent(1, time.Second)
	counts.Press(time.Millisecond, "ok")
	for _, m := range selected.FindAllStringSubmatch(rules, -1) {
		switch m[2] {
		case "outcome":
			counts.Webhook(m[3])
		case "state":
			counts.Step(m[3])
		case "result":
			counts.Message("web", m[3])
		default:
			t.Errorf("the rules select by %q, which nothing here counts", m[2])
		}
	}
	w := httptest.NewRecorder()
	tel.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}
