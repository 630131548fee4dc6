// Mayday is an incident-response bot: it opens the thread, keeps asking for the
// word in #status, and runs playbook steps that are previewed, confirmed, run at
// most once and taken back. See README.md.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones of people, on machines without a zone database

	"mayday/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal stops at once
	os.Exit(cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
