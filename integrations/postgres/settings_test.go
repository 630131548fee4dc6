package postgres

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
)

func TestSettings(t *testing.T) {
	parts, err := newFrom(`connect: {postgres: {shop: {dsn: env:A}, stock-2: {dsn: env:B, env: staging}, pay: {dsn: env:C, env: production}}}`, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"shop", "stock-2", "pay"}, parts.Connections); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
	own := parts.Checker.(*target)
	for name, want := range map[string]string{"shop": "prod", "stock-2": "staging", "pay": "prod"} {
		if got := own.connections[name].Env; got != want {
			t.Errorf("env of %s: got %q, want %q", name, got, want)
		}
	}
}

func TestBadSettings(t *testing.T) {
	for yaml, want := range map[string]string{
		`{shop: {dns: env:A}}`:                                "Did you mean `dsn`?",
		`{shop: {kill: ops.kill}}`:                            "`dsn` is missing in `connect.postgres.shop`",
		`{shop: {dsn: env:A, kill: kill}}`:                    "`kill` names a function with its schema",
		`{shop: {dsn: env:A, cancel: "ops.cancel(1); DROP"}}`: "`cancel` names a function with its schema",
		`{"a b": {dsn: env:A}}`:                               "a connection's name has letters",
		`{shop: {dsn: "postgres://u:hunter2@h/d"}}`:           "secret",
		`[a]`: "is a map of keys",
	} {
		_, err := newFrom("connect: {postgres: "+yaml+"}", &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", yaml, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
}

// Without a section the actions are there for the linter and the reference, and
// refuse to run.
func TestWithoutASection(t *testing.T) {
	parts, err := newFrom(`{}`, &bytes.Buffer{})
	if err != nil || len(parts.Actions) != 3 || parts.Checker != nil || len(parts.Connections) != 0 {
		t.Fatalf("got %+v, %v, want three actions and no connection", parts, err)
	}
	defer parts.Close()
	for _, a := range parts.Actions {
		if !strings.HasPrefix(a.Name, Integration.Prefix+".") || a.Version != 1 || a.Summary == "" || a.Undo != nil {
			t.Errorf("action: got %+v", a)
		}
		err := runs(t.Context(), a)
		if r, ok := integrations.AsRejected(err); !ok || r.Code != "E24" || !strings.Contains(r.Fix, "connect.postgres") {
			t.Errorf("%s: got %v, want a refusal that names the config key", a.Name, err)
		}
	}
}

func runs(ctx context.Context, a integrations.Action) error {
	args := integrations.Args{"on": "shop", "session": integrations.Row{ID: "1"}}
	if a.IsLook() {
		_, err := a.Look(ctx, args)
		return err
	}
	_, err := a.Plan(ctx, args)
	return err
}

func TestAnUnknownConnection(t *testing.T) {
	parts, err := newFrom(`connect: {postgres: {shop: {dsn: env:A}}}`, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	defer parts.Close()
	_, err = parts.Actions[0].Look(t.Context(), integrations.Args{"on": "shpo\n"})
	if r, ok := integrations.AsRejected(err); !ok || r.Code != "E24" || r.Fix != "Known: shop." {
		t.Errorf("got %v, want a refusal that lists the connections", err)
	}
}
