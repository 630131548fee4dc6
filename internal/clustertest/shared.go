package clustertest

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// one is the cluster of this test process. It starts with the first test that
// asks, so that a run which needs none pays nothing.
var one struct {
	sync.Mutex
	running bool // Run is on the stack and will stop the cluster
	cluster *Cluster
	err     error
}

// Run is the body of a TestMain: it runs the tests (with run, else with m.Run)
// and then stops the cluster, if there is one. A cluster that cannot be stopped
// makes the result a failure.
func Run(m *testing.M, run func() int) int {
	if run == nil {
		run = m.Run
	}
	one.Lock()
	one.running = true
	one.Unlock()

	code := run()

	one.Lock()
	defer one.Unlock()
	one.running = false
	if one.cluster == nil {
		return code
	}
	if err := one.cluster.stop(); err != nil {
		fmt.Fprintf(os.Stderr, "stop the test cluster: %v\n", err)
		code = max(code, 1)
	}
	one.cluster = nil
	return code
}

func shared(tb testing.TB) *Cluster {
	tb.Helper()
	one.Lock()
	defer one.Unlock()
	if !one.running {
		tb.Fatal("clustertest.New needs TestMain to call clustertest.Run, which stops the cluster")
	}
	if one.cluster == nil && one.err == nil {
		one.cluster, one.err = start()
	}
	if one.err != nil {
		tb.Fatalf("start the test cluster: %v", one.err)
	}
	return one.cluster
}
