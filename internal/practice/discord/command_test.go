package discord

import (
	"fmt"
	"strings"
	"testing"
)

func TestCommandsThatAreRefused(t *testing.T) {
	many := func(n int, each string) string {
		var all []string
		for i := range n {
			all = append(all, strings.ReplaceAll(each, "#", fmt.Sprint(i)))
		}
		return strings.Join(all, ",")
	}
	choice := `{"name":"c#","value":"v#"}`
	option := func(rest string) string {
		return `[{"name":"a","description":"d","options":[{"type":3,"name":"o","description":"d"` + rest + `}]}]`
	}
	long := `{"type":3,"name":"o#","description":"` + run(100) + `","choices":[` + times(6, `{"name":"`+run(90)+`","value":"x"}`) + `]}`
	tests := []struct{ name, body, want string }{
		{"upper case", `[{"name":"Mayday","description":"d"}]`, "APPLICATION_COMMAND_INVALID_NAME"},
		{"space", `[{"name":"may day","description":"d"}]`, "APPLICATION_COMMAND_INVALID_NAME"},
		{"no description", `[{"name":"a"}]`, "BASE_TYPE_REQUIRED"},
		{"long description", `[{"name":"a","description":"` + run(101) + `"}]`, "BASE_TYPE_BAD_LENGTH"},
		{"two of a name", `[{"name":"a","description":"d"},{"name":"a","description":"d"}]`, "DUPLICATE_NAME"},
		{"required last", `[{"name":"a","description":"d","options":[{"type":3,"name":"o","description":"d"},{"type":3,"name":"p","description":"d","required":true}]}]`, "OPTIONS_REQUIRED_INVALID"},
		{"mixed", `[{"name":"a","description":"d","options":[{"type":1,"name":"o","description":"d"},{"type":3,"name":"p","description":"d"}]}]`, "OPTIONS_TYPE_INVALID"},
		{"26 options", `[{"name":"a","description":"d","options":[` + many(26, `{"type":3,"name":"o#","description":"d"}`) + `]}]`, "BASE_TYPE_MAX_LENGTH"},
		{"26 choices", option(`,"choices":[` + many(26, choice) + `]`), "BASE_TYPE_MAX_LENGTH"},
		{"choices and completion", option(`,"autocomplete":true,"choices":[` + many(1, choice) + `]`), "AUTOCOMPLETE_CHOICES"},
		{"unknown type", `[{"name":"a","description":"d","options":[{"type":12,"name":"o","description":"d"}]}]`, "BASE_TYPE_CHOICES"},
		{"too large", `[{"name":"a","description":"d","options":[` + many(20, long) + `]}]`, "APPLICATION_COMMAND_TOO_LARGE"},
		{"menu with words", `[{"name":"Add it","type":3,"description":"d"}]`, "CONTEXT_MENU_DESCRIPTION"},
	}
	r := newRig(t)
	r.commands()
	for _, tc := range tests {
		a := r.do("PUT", "/applications/"+Application+"/guilds/"+Guild+"/commands", tc.body)
		if a.code() != 50035 || !strings.Contains(a.raw, tc.want) {
			t.Errorf("%s: got %d %.300s, want %s", tc.name, a.status, a.raw, tc.want)
		}
	}
	before := r.Commands()
	r.commands()
	if after := r.Commands(); len(after) != 2 || after[0].ID != before[0].ID {
		t.Errorf("got %v then %v, want the same two", before, after)
	}
}
