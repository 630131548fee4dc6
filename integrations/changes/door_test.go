package changes

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

func newDoor() *door { return &door{tokens: config.Secrets{config.NewSecret("secret")}} }

func TestChangeIsPutIntoOurWords(t *testing.T) {
	at := time.Date(2026, 11, 25, 13, 52, 0, 0, time.UTC)
	for _, tc := range []struct {
		name, body string
		want       incident.Suspect
	}{
		{"whole", `{"service":"checkout","summary":"cart v2","author":"ana","url":"https://ci/812","at":"2026-11-25T14:52:00+01:00","kind":"flag","id":"812","why":"faster"}`,
			incident.Suspect{ID: "812", Source: "changes", Kind: incident.SuspectFlag, Service: "checkout", At: at, What: "cart v2", Who: "ana", Why: "faster", URL: "https://ci/812"}},
		{"least", `{"service":"checkout","summary":"cart v2"}`,
			incident.Suspect{Source: "changes", Kind: incident.SuspectDeploy, Service: "checkout", What: "cart v2"}},
		{"a kind that nobody knows, and more keys", `{"service":"checkout","summary":"cart v2","kind":"Firmware","commit":{"sha":"4f2"}}`,
			incident.Suspect{Source: "changes", Kind: incident.SuspectOther, Service: "checkout", What: "cart v2"}},
		{"no link, odd characters", `{"service":" check\tout ","summary":"cart\u202e\nv2","url":"javascript:alert(1)"}`,
			incident.Suspect{Source: "changes", Kind: incident.SuspectDeploy, Service: "check out", What: "cart v2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ev, err := newDoor().Parse([]byte(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tc.want, ev.Change); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if ev.Kind != incident.EventChange || ev.Service.Name != tc.want.Service || ev.Key != "" {
				t.Errorf("got %+v", ev)
			}
		})
	}
}

func TestBodiesThatNobodyUnderstandSayWhy(t *testing.T) {
	for body, words := range map[string]string{
		``:                       "no JSON",
		`{"service":"checkout"`:  "no JSON",
		`[]`:                     "an object like",
		`null`:                   "is missing",
		`{"service":"checkout"}`: "summary is missing",
		`{"summary":"cart v2"}`:  "service is missing",
		`{"service":7}`:          "service is a text",
		`{"service":"checkout","summary":"\u0000 "}`:                       "summary is missing",
		`{"service":"checkout","summary":"x","at":"yesterday"}`:            "at is not a time",
		`{"service":"checkout","summary":"x","at":"0001-01-01T00:00:00Z"}`: "at is not a time",
	} {
		if _, err := newDoor().Parse([]byte(body)); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v, want %q", body, err, words)
		}
	}
}

func TestSameChangeHasOneID(t *testing.T) {
	h := http.Header{"Authorization": {"Bearer secret"}}
	for body, once := range map[string]bool{
		`{"service":"checkout","summary":"cart v2"}`:                             false,
		`{"service":"checkout","summary":"cart v2","id":"812"}`:                  true,
		`{"service":"checkout","summary":"cart v2","at":"2026-11-25T13:52:00Z"}`: true,
	} {
		a, err := newDoor().Verify(h, []byte(body))
		b, again := newDoor().Verify(h, []byte(body))
		if err != nil || again != nil || a == "" || (a == b) != once {
			t.Errorf("%s: got %q and %q (%v), want the same: %v", body, a, b, err, once)
		}
	}
	h.Set("Authorization", "Bearer wrong")
	if _, err := newDoor().Verify(h, nil); fault.Of(err).Kind != fault.Unsigned {
		t.Errorf("got %v, want unsigned", err)
	}
}

func TestTokenIsNeeded(t *testing.T) {
	f, err := config.Parse("mayday.yaml", []byte("changes: {}\nother: {token: env:MAYDAY_NO_SUCH_TOKEN}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Integration.New(f.Section("changes"), slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "`token` is missing") {
		t.Errorf("got %v, want that the token is missing", err)
	}
	parts, err := Integration.New(f.Section("other"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := parts.Checker.Check(t.Context()); len(got) != 1 || got[0].OK {
		t.Errorf("got %+v, want that the token cannot be read", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"", "{}", `{"service":"checkout","summary":"cart v2","at":"2026-11-25T13:52:00Z"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		ev, err := newDoor().Parse(body)
		if err == nil && (ev.Change == nil || ev.Change.Service == "" || ev.Change.What == "") {
			t.Errorf("got %+v", ev)
		}
	})
}
