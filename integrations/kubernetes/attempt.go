package kubernetes

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"mayday/integrations"
)

// attempts is how often a patch is made anew because something but what the plan
// names moved between reading and patching. In the middle of a rollout the
// controller writes a status several times a second; three were not always enough.
const attempts = 6

// attemptPause lets a controller finish writing: it does so several times in a row.
const attemptPause = 150 * time.Millisecond

// attempt is one change of one thing that others write to as well.
type attempt[T any] struct {
	name string
	// look reads it, holds it against the plan, and says its resource version.
	look func() (now T, version string, err error)
	ops  func(now T) ([]operation, error)
	// send sends the one patch, which tests what was read.
	send func(now T, list []operation) error
}

// apply looks and sends. Only when the server refused the patch for a test in it is
// it made anew, after the same comparison: a refused patch has not acted.
func (a attempt[T]) apply(ctx context.Context, keep integrations.Keep) error {
	now, version, err := a.look()
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		list, err := a.ops(now)
		if err != nil {
			return err
		}
		if try == 1 {
			if err := sent(keep); err != nil {
				return err
			}
		}
		refused := a.send(now, list)
		if refused == nil || !ownTest(refused) {
			return refused
		}
		before := version
		wait(ctx, attemptPause)
		if now, version, err = a.look(); err != nil {
			return err
		}
		switch {
		case version == before:
			return refused // it was not for the test
		case try == attempts:
			return &integrations.Stale{Code: "E10", Diff: fmt.Sprintf("%s is being written to all the time; %d tries were refused by the server", a.name, try)}
		}
	}
}

// ownTest reports whether the server refused a patch for a test in it, or for a
// conflict. It says so in words of its own; what an admission policy refuses has
// the same code and the words of the policy, and is not tried again.
func ownTest(err error) bool {
	var status *apierrors.StatusError
	if !outran(err) || !errors.As(err, &status) {
		return false
	}
	return status.ErrStatus.Code == 409 || strings.Contains(status.ErrStatus.Message, "due to an error in our request")
}

// sent makes durable that a request is about to leave.
func sent(keep integrations.Keep) error {
	if err := keep("sent", time.Now().UTC().Format(time.RFC3339Nano)); err != nil {
		return &integrations.Rejected{Code: "E26", Why: "The start could not be written down, so nothing was sent.", Err: err}
	}
	return nil
}
