package kubernetes

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestThePageShowsRevisionsAndPods(t *testing.T) {
	c, err := Start(ctx, Options{Objects: Shop(time.Now())})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	defer http.DefaultClient.CloseIdleConnections()
	get := func(host string) (int, string) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Page()+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(raw)
	}
	status, page := get("")
	for _, want := range []string{"Deployment prod/checkout", "6 of 6 pods serve", "<td>40</td><td>cart:1.9.8</td>", "6 × cart:1.9.8 Running", "CronJob prod/invoices"} {
		if status != http.StatusOK || !strings.Contains(page, want) {
			t.Errorf("%d: the page lacks %q", status, want)
		}
	}
	if status, _ := get("rebound.example"); status != http.StatusForbidden {
		t.Errorf("got %d under another name, want 403", status)
	}
}
