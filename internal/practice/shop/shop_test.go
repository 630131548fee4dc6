package shop

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"mayday/internal/practice"
	"mayday/internal/practice/kubernetes"
	"mayday/internal/practice/prometheus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// street is the whole practice range around a shop.
type street struct {
	t     *testing.T
	c     *kubernetes.Cluster
	p     *prometheus.Server
	flags *practice.LaunchDarkly
	s     *Shop
}

const sdkKey = "sdk-key"

func open(t *testing.T) *street {
	t.Helper()
	ctx := context.Background()
	x := &street{t: t}
	var err error
	if x.c, err = kubernetes.Start(ctx, kubernetes.Options{Objects: kubernetes.Shop(time.Now()), Accounts: kubernetes.ShopAccounts(), Startup: 100 * time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.c.Close)
	if x.p, err = prometheus.Start(ctx, prometheus.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.p.Close)
	if x.flags, err = practice.NewLaunchDarkly(practice.LDOptions{Token: "token", SDKKey: sdkKey}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.flags.Close)
	off := false
	if err := x.flags.SetBy("Li", BadFlag, practice.LDChange{On: &off}); err != nil {
		t.Fatal(err)
	}
	flags, err := x.flags.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	x.s, err = Start(ctx, Options{
		Cluster: x.c.Page(), Token: x.c.Token(kubernetes.Li), PipelineToken: x.c.Token(kubernetes.CI),
		Flags: flags, SDKKey: sdkKey, Record: x.p.Record, Every: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.s.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return x
}

// value asks the practice Prometheus for the one value of a query.
func (x *street) value(query string, ago time.Duration) float64 {
	x.t.Helper()
	got := x.maybe(query, ago)
	if math.IsNaN(got) {
		x.t.Fatalf("%s: there is no value", query)
	}
	return got
}

// maybe is not a number when there is no value yet: it is near nothing then.
func (x *street) maybe(query string, ago time.Duration) float64 {
	x.t.Helper()
	at := time.Now().Add(-ago)
	q := url.Values{"query": {query}, "time": {strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64)}}
	res, err := http.PostForm(x.p.URL()+"/api/v1/query", q)
	if err != nil {
		x.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	var out struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.Unmarshal(raw, &out); err != nil || len(out.Data.Result) > 1 {
		x.t.Fatalf("%s: got %s (%v), want one value", query, raw, err)
	}
	if len(out.Data.Result) == 0 {
		return math.NaN()
	}
	f, err := strconv.ParseFloat(fmt.Sprint(out.Data.Result[0].Value[1]), 64)
	if err != nil {
		x.t.Fatal(err)
	}
	return f
}

func (x *street) until(what string, holds func() bool) {
	x.t.Helper()
	tick := time.NewTicker(25 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); ; {
		if holds() {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			x.t.Fatalf("after 10 s it does not hold: %s", what)
		}
	}
}

// share is the share of failures within a second, so that a test need not wait
// for the minute of ErrorShare.
func (x *street) share() float64 {
	return x.maybe(strings.ReplaceAll(ErrorShare("checkout"), "[1m]", "[1s]"), 0)
}

func near(got, want float64) bool { return got > want*0.8 && got < want*1.2 }

// TestErrorsFollowThePods deploys the bad cart through the cluster, sees the
// errors rise, puts the old image back and sees them fall.
func TestErrorsFollowThePods(t *testing.T) {
	t.Parallel()
	x := open(t)
	for _, ago := range []time.Duration{time.Second, 10 * time.Minute, 55 * time.Minute} {
		if got := x.value(ErrorShare("checkout"), ago); got > 0.005 {
			t.Errorf("the share %v ago was %v, want a quiet hour", ago, got)
		}
	}
	if err := x.s.DeployBadVersion(context.Background()); err != nil {
		t.Fatal(err)
	}
	x.until("the errors are about 12 %", func() bool { return near(x.share(), cartShare+usualShare) })
	x.until("customers feel the share of the chart", func() bool { return near(x.s.Failing("checkout"), cartShare+usualShare) })
	if err := x.s.deploy(context.Background(), "checkout", "cart", GoodCart, "put back"); err != nil {
		t.Fatal(err)
	}
	x.until("the errors are as usual", func() bool { return x.share() < 0.01 })
}

func TestErrorsFollowTheFlag(t *testing.T) {
	t.Parallel()
	x := open(t)
	on, off := true, false
	if err := x.flags.SetBy("Li", BadFlag, practice.LDChange{On: &on}); err != nil {
		t.Fatal(err)
	}
	x.until("the errors are about 31 %", func() bool { return near(x.share(), 0.31) })
	if err := x.flags.SetBy("Li", BadFlag, practice.LDChange{On: &off}); err != nil {
		t.Fatal(err)
	}
	x.until("the errors are as usual", func() bool { return x.share() < 0.01 })
	x.s.SlowQuery(true)
	x.until("requests are slow", func() bool { return x.value(P95("checkout"), 0) > 2 })
	x.s.SlowQuery(false)
	x.until("requests are quick", func() bool { return x.value(P95("checkout"), 0) < 0.3 })
}

func TestAQueueJamsAndDrains(t *testing.T) {
	t.Parallel()
	x := open(t)
	ctx := context.Background()
	if got := x.value(Depth("orders"), 0); got > 20 {
		t.Errorf("got %v orders that wait on a quiet day", got)
	}
	if err := x.s.JamQueue(ctx); err != nil {
		t.Fatal(err)
	}
	x.until("orders pile up", func() bool { return x.value(Depth("orders"), 0) > 15 })
	if got := x.value(`sum(rate(worker_jobs_failed_total{app="importer"}[1s]))`, 0); got < 10 {
		t.Errorf("got %v failed jobs a second, want many", got)
	}
	if err := x.s.deploy(ctx, "importer", "importer", "importer:2.2.1", "put back"); err != nil {
		t.Fatal(err)
	}
	x.until("the queue drains", func() bool { return x.value(Depth("orders"), 0) < 2 })
}

// TestTheShopServesOnWithoutTheAPI: customers do not notice that the cluster's API
// is away.
func TestTheShopServesOnWithoutTheAPI(t *testing.T) {
	t.Parallel()
	x := open(t)
	x.c.Unreachable(true)
	before := x.value(Requests+`{app="checkout"}`, 0)
	x.until("customers are served", func() bool { return x.value(Requests+`{app="checkout"}`, 0) > before+20 })
	x.until("few requests fail", func() bool { return x.share() < 0.01 })
	if err := x.s.DeployBadVersion(context.Background()); err == nil {
		t.Error("a deploy through an API that is away succeeded")
	}
}
