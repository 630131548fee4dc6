package playbooks

import (
	"strings"
	"testing"
	"time"

	"mayday/internal/incident"
)

func silenced(t *testing.T, f Facts, choice string) Move {
	t.Helper()
	book, problems := Load(fakeCatalogue(), BuiltIn()...)
	if err := AsFault(problems); err != nil {
		t.Fatal(err)
	}
	p, ok := book.Get("silence")
	if !ok {
		t.Fatal("silence is not there")
	}
	m, err := p.Next(f, nil, map[string]incident.Result{"0": {Outcome: incident.OutDone, Choice: choice}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSilenceTakesServiceAndPager(t *testing.T) {
	f := Facts{Now: time.Now(), Service: "checkout", Pager: "Q1", OpenedAt: time.Now()}
	if m := silenced(t, f, "Alertmanager"); m.Action.Name != "am.silence" || m.Args["service"] != "checkout" || m.Args["for"] != time.Hour {
		t.Errorf("got %+v", m)
	}
	if m := silenced(t, f, "PagerDuty"); m.Action.Name != "pd.snooze" || m.Args["incident"] != "Q1" || m.Args["for"] != time.Hour {
		t.Errorf("got %+v", m)
	}
}

func TestSnoozeWithoutAPagerSaysWhy(t *testing.T) {
	m := silenced(t, Facts{Now: time.Now(), Service: "checkout", OpenedAt: time.Now()}, "PagerDuty")
	if m.Kind != Skip || !strings.Contains(m.Reason, "the incident has no pager") {
		t.Errorf("got %+v, want the reason", m)
	}
}
