package prometheustest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestPrometheusReadsTheExporter(t *testing.T) {
	e := NewExporter(t)
	e.Set(`ready{queue="mail"}`, "7")
	s := Start(t, e)
	s.Await(t, `ready{queue="mail"}`, func(v float64) bool { return v == 7 })
	e.Set(`ready{queue="mail"}`, "8")
	s.Await(t, `ready{queue="mail"}`, func(v float64) bool { return v == 8 })
}

func TestLockedServerAsksWhoItIs(t *testing.T) {
	s := Start(t, NewExporter(t), Locked())
	resp, err := http.Get(s.URL + "/api/v1/query?query=1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("got %d, want 401", resp.StatusCode)
	}
}

func TestServerIsGoneAfterTheTest(t *testing.T) {
	var url string
	t.Run("inner", func(t *testing.T) { url = Start(t, NewExporter(t)).URL })
	if resp, err := http.Get(url + "/-/ready"); err == nil {
		_ = resp.Body.Close()
		t.Error("it still answers")
	}
}

func TestAlertmanagerNotifies(t *testing.T) {
	said := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { said <- r.Header.Get("Authorization") }))
	t.Cleanup(hook.Close)
	m := StartAlertmanager(t, Notifying(hook.URL, "secret"))
	m.Fire(t, Alert{Labels: map[string]string{"alertname": "Errors"}, StartsAt: time.Now()})
	if got := <-said; got != "Bearer secret" {
		t.Errorf("got %q, want the token", got)
	}
}
