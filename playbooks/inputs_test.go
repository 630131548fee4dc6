package playbooks

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
	"mayday/internal/fault"
)

var asking = yml("asking", `name: asking
say: Inputs of every sort
ask:
  - database
  - older_than: 5m
  - service
  - level: {type: int, default: 3, max: 10, say: How far}
  - share: 0.5
  - loud: false
  - since: {type: time, default: '2026-03-01T00:00:00Z'}
  - which: [workers, mailer]
  - method: GET
  - code: {type: text, match: '[A-Z]{2}-[0-9]+', default: AB-1}
steps:
  - pg.list_queries: {on: $database, older_than: $older_than}
  - k8s.scale: {deployment: $which, replicas: $level}
  - web.call: {on: shop, method: $method}
  - tell: $service $share $loud $since $code
`)

func TestInputsTakeTheirTypes(t *testing.T) {
	p := load(t, asking)
	type row struct {
		Name  string
		Kind  integrations.Kind
		OneOf []string
		Feeds string
	}
	var got []row
	for _, in := range p.Ask {
		got = append(got, row{in.Name, in.Kind, in.OneOf, in.Feeds})
	}
	want := []row{
		{"database", integrations.Connection, []string{"orders-db", "payments-db"}, "pg.list_queries.on"},
		{"older_than", integrations.Duration, nil, "pg.list_queries.older_than"},
		{"service", integrations.Text, []string{"checkout", "search"}, ""},
		{"level", integrations.Int, nil, "k8s.scale.replicas"},
		{"share", integrations.Number, nil, ""},
		{"loud", integrations.Bool, nil, ""},
		{"since", integrations.Time, nil, ""},
		{"which", integrations.Text, []string{"workers", "mailer"}, "k8s.scale.deployment"},
		{"method", integrations.Text, []string{"GET", "POST"}, "web.call.method"},
		{"code", integrations.Text, nil, ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
}

func TestABareInputTakesTheHelpOfItsParameter(t *testing.T) {
	cat := fakeCatalogue()
	cat.Actions[0].Params[0].Say = "the database"
	book, _ := Load(cat, BuiltIn()...)
	p, _ := book.Get("kill-queries")
	if got := p.Ask[0].Say; got != "the database" {
		t.Errorf("got %q", got)
	}
}

func TestInputs(t *testing.T) {
	p := load(t, asking)
	ctx := map[string]any{"service": "checkout"}
	got, open, err := p.Inputs(map[string]string{"which": "mailer", "share": "0.25", "loud": "yes", "since": "2026-03-01T15:00:00+01:00"}, []string{"payments-db", "90s"}, ctx)
	if err != nil || len(open) > 0 {
		t.Fatal(open, err)
	}
	want := map[string]any{
		"database": "payments-db", "older_than": "90s", "service": "checkout", "level": int64(3), "share": 0.25, "loud": true,
		"since": "2026-03-01T14:00:00Z", "which": "mailer", "method": "GET", "code": "AB-1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	_, open, err = p.Inputs(map[string]string{"database": " "}, nil, nil)
	if diff := cmp.Diff([]string{"database", "service", "which"}, names(open)); diff != "" || err != nil {
		t.Errorf("missing (-want +got):\n%s%v", diff, err)
	}
	_, open, err = p.Inputs(nil, []string{"payments-db"}, map[string]any{"service": "unknown-service"})
	if diff := cmp.Diff([]string{"service", "which"}, names(open)); diff != "" || err != nil {
		t.Errorf("missing with a service that is none (-want +got):\n%s%v", diff, err)
	}
}

func TestBadInputs(t *testing.T) {
	p := load(t, asking)
	for _, c := range []struct{ name, value, want string }{
		{"older_than", "five", "`older_than` is a duration like 5m, not \"five\"."},
		{"older_than", "-5m", "`older_than` is a duration like 5m, not \"-5m\"."},
		{"older_than", "5", "`older_than` is a duration like 5m, not \"5\"."},
		{"database", "payment-db", "`database` is the name of a connection, and \"payment-db\" is none. Did you mean `payments-db`?"},
		{"service", "chekout", "`service` is a service, and \"chekout\" is none. Did you mean `checkout`?"},
		{"level", "11", "`level` is at most 10, not 11."},
		{"level", "1.5", "`level` is a whole number, not \"1.5\"."},
		{"level", "99999999999999999999", "`level` is a whole number, not \"99999999999999999999\"."},
		{"share", "NaN", "`share` is a number, not \"NaN\"."},
		{"loud", "maybe", "`loud` is true or false, not \"maybe\"."},
		{"since", "yesterday", "`since` is a time like 2026-03-01T14:05:00Z, not \"yesterday\"."},
		{"which", "importer", "`which` is one of workers, mailer, not \"importer\"."},
		{"code", "xAB-12", "`code` does not look right: \"xAB-12\" (it must match [A-Z]{2}-[0-9]+)."},
		{"databse", "x", "asking has no input `databse`. Did you mean `database`?"},
	} {
		_, _, err := p.Inputs(map[string]string{c.name: c.value}, nil, nil)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) || !fault.HasCode(err, "E24") || !fault.Is(err, fault.Invalid) {
			t.Errorf("%s=%s:\ngot  %v\nwant %s", c.name, c.value, err, c.want)
		}
	}
	plain := load(t, yml("plain", "name: plain\nsay: s\nask: [word]\nsteps: [{tell: $word}]\n"))
	for _, bad := range []string{"-rf", "a b", "$(x)", "ä", "a\nb", "a;b", strings.Repeat("a", 201)} {
		if _, _, err := plain.Inputs(map[string]string{"word": bad}, nil, nil); !fault.HasCode(err, "E24") {
			t.Errorf("%q: got %v, want E24", bad, err)
		}
	}
	_, _, err := plain.Inputs(map[string]string{"word": "x"}, []string{"y"}, nil)
	if want := "\"y\" is one word too many. Nothing was done. plain takes word. (E24)"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
