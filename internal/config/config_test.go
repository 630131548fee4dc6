package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/config"
	"mayday/internal/fault"
)

type updates struct {
	Every      time.Duration `yaml:"every"`
	SecondCall time.Duration `yaml:"second_call"`
	Holding    bool          `yaml:"holding_line"`
}

type chart struct {
	Prom string  `yaml:"prom"`
	Bad  float64 `yaml:"bad"`
}

type target struct {
	Cluster   string `yaml:"cluster"`
	Namespace string `yaml:"namespace"`
}

type service struct {
	Impact    string              `yaml:"impact"`
	DependsOn []string            `yaml:"depends_on"`
	Charts    map[string]chart    `yaml:"charts"`
	K8s       config.List[target] `yaml:"k8s"`
	DoNot     config.Strings      `yaml:"do_not"`
	Replicas  uint8               `yaml:"replicas"`
	Extra     *config.Section     `yaml:"extra"`
	Grace     *time.Duration      `yaml:"grace"`
	Links     map[string]string   `yaml:"links"`
	Free      any                 `yaml:"free"`
	Break     breakGlass          `yaml:"break_glass"`
	Common    `yaml:",inline"`
}

// Common is exported because fields of an unexported struct cannot be set from outside.
type Common struct {
	Env string `yaml:"env"`
}

// breakGlass is a duration or false.
type breakGlass struct {
	off   bool
	after time.Duration
}

func (b *breakGlass) UnmarshalConfig(s config.Section) error {
	var on bool
	if err := s.Decode(&on); err == nil {
		b.off = !on
		return nil
	}
	return s.Decode(&b.after)
}

func mustParse(t *testing.T, src string) *config.File {
	t.Helper()
	f, err := config.Parse("mayday.yaml", []byte(src))
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return f
}

func message(t *testing.T, err error) string {
	t.Helper()
	var f *fault.Fault
	if !errors.As(err, &f) {
		t.Fatalf("got %v (%T), want a fault", err, err)
	}
	if f.Kind != fault.Invalid || f.Code != "E24" {
		t.Errorf("got kind %q code %q, want invalid E24", f.Kind, f.Code)
	}
	return f.Message
}

func TestDecodeWholeSection(t *testing.T) {
	f := mustParse(t, `
services:
  checkout:
    impact: "Paying fails."
    depends_on: [payments-db, rabbitmq]
    charts: {errors: {prom: 'sum(rate(x{app="a"}[1m]))', bad: 0.05}}
    k8s: {cluster: prod, namespace: shop}
    do_not: "restart payments-db: failover takes 12 min"
    replicas: 3
    grace: 1h30m
    env: prod
    links: {Errors: https://e.example/a#b}
    free: [1, two, {three: true}]
    break_glass: 60s
    extra: {a: 1}
`)
	var got service
	if err := f.Section("services", "checkout").Decode(&got); err != nil {
		t.Fatal(err)
	}
	grace := 90 * time.Minute
	want := service{
		Impact: "Paying fails.", DependsOn: []string{"payments-db", "rabbitmq"},
		Charts: map[string]chart{"errors": {Prom: `sum(rate(x{app="a"}[1m]))`, Bad: 0.05}},
		K8s:    config.List[target]{{Cluster: "prod", Namespace: "shop"}},
		DoNot:  config.Strings{"restart payments-db: failover takes 12 min"}, Replicas: 3,
		Grace: &grace, Links: map[string]string{"Errors": "https://e.example/a#b"},
		Free: []any{uint64(1), "two", map[string]any{"three": true}}, Common: Common{Env: "prod"},
		Break: breakGlass{after: time.Minute},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(breakGlass{}), cmp.FilterPath(func(p cmp.Path) bool {
		return p.String() == "Extra"
	}, cmp.Ignore())); diff != "" {
		t.Errorf("decoded (-want +got):\n%s", diff)
	}
	if got := got.Extra.Path(); got != "services.checkout.extra" {
		t.Errorf("captured section: got path %q", got)
	}
}

func TestDefaultsStay(t *testing.T) {
	f := mustParse(t, "updates:\n  every: 10m\n")
	got := updates{Every: time.Hour, SecondCall: 5 * time.Minute}
	if err := f.Section("updates").Decode(&got); err != nil {
		t.Fatal(err)
	}
	if want := (updates{Every: 10 * time.Minute, SecondCall: 5 * time.Minute}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	absent := f.Section("store", "deeper")
	if absent.Exists() || absent.Decode(&got) != nil {
		t.Error("an absent section must decode to nothing without an error")
	}
}

func TestMistakes(t *testing.T) {
	tests := map[string]struct{ src, want string }{
		"unknown key":      {"s:\n  every: 1m\n  second_cal: 5m\n", "mayday.yaml:3:3: unknown key `second_cal` in `s`. Did you mean `second_call`?"},
		"nothing close":    {"s: {zzzzzz: 1}\n", "mayday.yaml:1:5: unknown key `zzzzzz` in `s`. Known: every, second_call, holding_line."},
		"duplicate key":    {"s:\n  every: 1m\n  every: 2m\n", "mayday.yaml:3:3: the key `every` stands twice in `s`; first in line 2."},
		"bare number":      {"s: {every: 30}\n", "mayday.yaml:1:12: `s.every` is a duration like 30m (units: s, m, h), not the bare number \"30\"."},
		"word for time":    {"s: {every: five}\n", "mayday.yaml:1:12: `s.every` is a duration like 30m (units: s, m, h), not \"five\"."},
		"under a second":   {"s: {every: 5ms}\n", "mayday.yaml:1:12: `s.every` is \"5ms\"; the least is 1s."},
		"negative":         {"s: {every: -5m}\n", "mayday.yaml:1:12: `s.every` is \"-5m\"; the least is 1s."},
		"no value":         {"s:\n  every:\n", "`s.every` is a duration like 30m; here it has no value."},
		"list for time":    {"s: {every: [1m]}\n", "mayday.yaml:1:12: `s.every` is a duration like 30m; here it is a list."},
		"text for bool":    {"s: {holding_line: yes}\n", "mayday.yaml:1:19: `s.holding_line` is true or false; here it is the text \"yes\"."},
		"scalar for map":   {"s: 5\n", "mayday.yaml:1:4: `s` is a map of keys; here it is a number."},
		"list for map":     {"s: [a]\n", "mayday.yaml:1:4: `s` is a map of keys; here it is a list."},
		"several at once":  {"s:\n  evry: 1m\n  every: 1\n", "mayday.yaml:2:3: unknown key `evry` in `s`. Did you mean `every`?\nmayday.yaml:3:10: `s.every`"},
		"token as a value": {"s: {every: xoxb-12345678-abcdef}\n", "mayday.yaml:1:12: `s.every` is a duration like 30m (units: s, m, h), not (not shown: it looks like a secret)."},
		"token as a key":   {"s: {xoxb-12345678-abcdef: 1}\n", "mayday.yaml:1:5: unknown key (not shown: it looks like a secret) in `s`."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var u updates
			got := message(t, mustParse(t, tt.src).Section("s").Decode(&u))
			if !strings.Contains(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if strings.Contains(got, "12345678") {
				t.Errorf("the message repeats a secret: %s", got)
			}
		})
	}
}

func TestMistakesDeepInside(t *testing.T) {
	tests := map[string]struct{ src, want string }{
		"nested unknown key": {"s:\n  charts:\n    errors:\n      prm: x\n", "mayday.yaml:4:7: unknown key `prm` in `s.charts.errors`. Did you mean `prom`?"},
		"in a list of maps":  {"s:\n  k8s:\n    - cluster: a\n    - clustr: b\n", "mayday.yaml:4:7: unknown key `clustr` in `s.k8s[1]`. Did you mean `cluster`?"},
		"in a lone map":      {"s:\n  k8s: {clustr: b}\n", "mayday.yaml:2:9: unknown key `clustr` in `s.k8s`. Did you mean `cluster`?"},
		"inline fields":      {"s: {envi: prod}\n", "Did you mean `env`?"},
		"number for text":    {"s: {impact: 118234567890123456}\n", "mayday.yaml:1:13: `s.impact` is text; put it in quotes: \"118234567890123456\"."},
		"scalar for a list":  {"s: {depends_on: db}\n", "mayday.yaml:1:17: `s.depends_on` is a list, like [a, b]; here it is text."},
		"item of wrong type": {"s: {do_not: [a, {b: c}]}\n", "`s.do_not[1]` is text; here it is a map."},
		"out of range":       {"s: {replicas: 300}\n", "mayday.yaml:1:15: `s.replicas` is out of range: \"300\"."},
		"negative unsigned":  {"s: {replicas: -1}\n", "`s.replicas` is out of range"},
		"fraction":           {"s: {replicas: 1.5}\n", "`s.replicas` is a whole number; here it is \"1.5\"."},
		"not a float":        {"s: {charts: {a: {bad: .nan}}}\n", "`s.charts.a.bad` is out of range"},
		"duplicate in a map": {"s:\n  links:\n    A: b\n    A: c\n", "mayday.yaml:4:5: the key `A` stands twice in `s.links`; first in line 3."},
		"own type":           {"s: {break_glass: soon}\n", "mayday.yaml:1:18: `s.break_glass` is a duration like 30m (units: s, m, h), not \"soon\"."},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var s service
			if got := message(t, mustParse(t, tt.src).Section("s").Decode(&s)); !strings.Contains(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestTopLevel(t *testing.T) {
	f := mustParse(t, "chat: {}\nchatt: {}\n")
	got := message(t, f.CheckTopLevel("chat", "store"))
	if want := "mayday.yaml:2:1: unknown key `chatt`. Did you mean `chat`?"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := f.CheckTopLevel("chat", "chatt"); err != nil {
		t.Errorf("got %v, want nil", err)
	}
	double := message(t, mustParse(t, "chat: {}\nchat: {}\n").CheckTopLevel("chat"))
	if !strings.Contains(double, "stands twice; first in line 1") {
		t.Errorf("got %s", double)
	}
}

func TestSectionPlaces(t *testing.T) {
	f := mustParse(t, "connect:\n  postgres:\n    zeta: {dsn: env:A}\n    alpha: {dsn: env:B}\n  k8s: 5\n")
	pg := f.Section("connect", "postgres")
	if diff := cmp.Diff([]string{"zeta", "alpha"}, pg.Keys()); diff != "" {
		t.Errorf("keys in file order (-want +got):\n%s", diff)
	}
	if got, want := pg.Where(), "mayday.yaml:3:5"; got != want {
		t.Errorf("Where: got %s, want %s", got, want)
	}
	if got, want := message(t, pg.Sub("alpha").Fault("dsn", "no such host %q.", "db")), `mayday.yaml:4:18: no such host "db".`; got != want {
		t.Errorf("Fault: got %s, want %s", got, want)
	}
	if got := message(t, pg.Fault("nowhere", "x")); !strings.HasPrefix(got, "mayday.yaml:3:5: ") {
		t.Errorf("Fault at a missing key: got %s", got)
	}
	under := f.Section("connect", "k8s", "prod")
	if !under.Exists() {
		t.Error("a section under a scalar must exist, so that somebody decodes and reports it")
	}
	if got, want := message(t, under.Decode(&struct{}{})), "mayday.yaml:5:8: `connect.k8s` is a map of keys; here it is a number."; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	joined := message(t, config.Join(nil, pg.Fault("", "one"), under.Decode(&struct{}{})))
	if got := strings.Count(joined, "\n"); got != 1 {
		t.Errorf("Join: got %q, want two lines", joined)
	}
}

func TestRefusedFiles(t *testing.T) {
	deep := strings.Repeat("[", 50_000)
	bomb := "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		p := "*" + string(c-1)
		bomb += string(c) + ": &" + string(c) + " [" + strings.Repeat(p+",", 9) + p + "]\n"
	}
	tests := map[string]struct{ src, want string }{
		"empty":            {"", "mayday.yaml: the file is empty."},
		"comments only":    {"# nothing\n", "mayday.yaml: the file is empty."},
		"a list":           {"- a\n", "mayday.yaml:1:1: the file is a list; it must be a map of keys"},
		"a word":           {"hello\n", "mayday.yaml:1:1: the file is text; it must be a map"},
		"not UTF-8":        {"a: b\nc: \xff\n", "mayday.yaml:2:4: the file is not UTF-8 text."},
		"control":          {"a: \x00\n", "mayday.yaml:1:4: the file holds a control character."},
		"too large":        {strings.Repeat("#", 1<<20+1), "mayday.yaml: the file is larger than 1 MiB."},
		"deep lists":       {"a: " + deep, "nest too deeply"},
		"deep dashes":      {strings.Repeat("- ", 50_000) + "x", "nest too deeply"},
		"deep maps":        {"a: " + strings.Repeat("{a: ", 10_000), "nest too deeply"},
		"anchor bomb":      {bomb, "values with its anchors expanded"},
		"anchor loop":      {"a: &a [*a]\n", "no anchor \"a\" stands before this alias"},
		"too many tokens":  {strings.Repeat("- a\n", 60_000), "words and signs"},
		"two documents":    {"a: 1\n---\nb: 2\n", "second document"},
		"tag":              {"a: !!binary aaaa\n", "mayday.yaml:1:4: tags"},
		"merge key":        {"a: &a {b: 1}\nc:\n  <<: *a\n", "mayday.yaml:3:3: keys are plain words"},
		"broken":           {"a: [1, 2\nb: c\n", "not valid YAML"},
		"broken, a secret": {"a: \"xoxb-12345678-abcdef\n", "not valid YAML"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("mayday.yaml", []byte(tt.src))
			got := message(t, err)
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if strings.Contains(got, "xoxb") {
				t.Errorf("the message repeats a secret: %s", got)
			}
		})
	}
}

func TestAnchorsWork(t *testing.T) {
	f := mustParse(t, "a: &x {every: 10m}\nb: *x\n")
	var u updates
	if err := f.Section("b").Decode(&u); err != nil || u.Every != 10*time.Minute {
		t.Errorf("got %v, %v", u, err)
	}
}

func TestColonsInsideValues(t *testing.T) {
	f := mustParse(t, `
s: {a: [slack:@sre, "x:y", env:A, http://h:1/p], b: x:y:z, "c":1, d: [{e: f:g}]}
t: [slack:@sre, a:1]
u: |
  x:y [a:b]
`)
	var got any
	if err := f.Section().Decode(&got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"s": map[string]any{
			"a": []any{"slack:@sre", "x:y", "env:A", "http://h:1/p"}, "b": "x:y:z", "c": uint64(1),
			"d": []any{map[string]any{"e": "f:g"}},
		},
		"t": []any{"slack:@sre", "a:1"},
		"u": "x:y [a:b]\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	missing := message(t, mustParse(t, "s: {every:30m}\n").Section("s").Decode(&updates{}))
	if want := "mayday.yaml:1:5: unknown key `every:30m` in `s`. Did you mean `every`?"; missing != want {
		t.Errorf("got %s, want %s", missing, want)
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.yaml")
	_, err := config.Load(path)
	if got := message(t, err); !strings.HasPrefix(got, path+": cannot be read: ") {
		t.Errorf("got %s", got)
	}
	if err := os.WriteFile(path, []byte("store: {path: /x}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := config.Load(path)
	if err != nil || f.Name() != path || !f.Section("store").Exists() {
		t.Errorf("got %v, %v", f, err)
	}
}

func TestDecodeNeedsAPointer(t *testing.T) {
	if err := mustParse(t, "a: {}\n").Section("a").Decode(updates{}); err == nil {
		t.Error("got nil, want an error")
	}
}
