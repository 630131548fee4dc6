// Package queue is the wake loop: it claims due rows with a lease and hands
// them to whoever handles their kind. There is no leader, no rescue code and no
// timer longer than a poll: start-up is the same claim as any other moment.
package queue

import (
	"context"
	"time"

	"mayday/internal/incident"
)

// Source is where due rows come from. `now` and the lease are the store's own
// clock; callers never compare times across machines.
type Source interface {
	// Claim takes up to limit due rows of these kinds whose lease is free, lowest
	// priority number first, then oldest due. Each claim raises the row's term.
	Claim(ctx context.Context, kinds []string, limit int, lease time.Duration) ([]incident.Claim, error)
	// Renew extends a held lease; ErrLost when it is held no more.
	Renew(ctx context.Context, c incident.Claim, lease time.Duration) error
	// Done removes the row, unless it was woken again meanwhile: then it is due.
	Done(ctx context.Context, c incident.Claim) error
	// Later gives the row back, due after a pause.
	Later(ctx context.Context, c incident.Claim, pause time.Duration) error
	// Changed is closed or sent to when rows may have become due by a commit of
	// this process; the loop polls besides.
	Changed() <-chan struct{}
	// Alive records that the loop runs, for telling how long Mayday was away.
	Alive(ctx context.Context) error
}

// Handler does the work of one claimed row. It finishes the row itself (by a
// write under the claim, or Done or Later); an error puts the row back with a
// growing pause.
type Handler func(ctx context.Context, c incident.Claim) error
