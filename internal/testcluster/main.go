// Command testcluster is a Kubernetes cluster in one process, for tests: the
// real API server with RBAC and the real controllers on an embedded etcd, with
// a stand-in for scheduler and kubelet that can make pods fail on request.
//
//	testcluster -dir DIR [-port 0] [-stdin]
//
// When the cluster is ready, one line stands on stdout: ready
// KUBECONFIG=DIR/kubeconfig. All else goes to stderr. Everything listens on
// loopback, on free ports unless -port names the API server's, and everything
// that is written is written below DIR, which must be empty or not exist. It
// ends on SIGINT and SIGTERM, and with -stdin when its standard input ends,
// which ties it to the process that started it.
//
// A word in the image of a container chooses how the container behaves; package
// nodes lists the words.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"

	"mayday/internal/testcluster/nodes"
	"mayday/internal/testcluster/plane"
)

func main() {
	dir := flag.String("dir", "", "directory for everything the cluster writes")
	port := flag.Int("port", 0, "port of the API server; 0 is a free one")
	stdin := flag.Bool("stdin", false, "end when standard input ends")
	flag.Parse()
	if *dir == "" || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: testcluster -dir DIR [-port 0] [-stdin]")
		os.Exit(2)
	}
	debug.SetGCPercent(50) // slower and smaller: several test processes run a cluster each

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *stdin {
		go func() {
			_, _ = io.Copy(io.Discard, os.Stdin) // it ends, one way or the other
			stop()
		}()
	}
	if err := run(ctx, *dir, *port); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "testcluster:", err)
		os.Exit(1)
	}
}

// run starts the parts one after the other and stays until ctx ends or a part
// that cannot be done without has ended. It does not wait for the parts then:
// all of them are in this process, nobody reads what they wrote, and an orderly
// end of the API server takes seconds, after every run of every test package.
func run(ctx context.Context, dir string, port int) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("find the directory: %w", err)
	}
	p, err := plane.Start(ctx, dir, port)
	if err != nil {
		return err
	}
	if err := nodes.Start(ctx, p.Config(), p.KubeletTLS()); err != nil {
		return err
	}
	kubeconfig, err := p.Ready(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("ready KUBECONFIG=%s\n", kubeconfig)
	select {
	case <-ctx.Done():
		return nil
	case err := <-p.Failed():
		return err
	}
}
