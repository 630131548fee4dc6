package kubernetes

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// label is a change of the checkout.
func (s *stage) label(ctx context.Context, value string) error {
	_, err := s.apps.Deployments("prod").Patch(ctx, "checkout", types.MergePatchType, []byte(`{"metadata":{"labels":{"step":"`+value+`"}}}`), metav1.PatchOptions{})
	return err
}

func (s *stage) applied() int {
	n := 0
	for _, r := range s.Journal() {
		if r.Applied && r.Verb == "patch" {
			n++
		}
	}
	return n
}

func TestTroubleWithAChange(t *testing.T) {
	s := newStage(t, Options{Objects: []Object{prod()}})
	s.prodCart("cart:1.9.8", 1)
	s.Drop(BeforeApply)
	if err := s.label(ctx, "lost"); err == nil || s.applied() != 0 {
		t.Errorf("dropped before: got %v and %d changes", err, s.applied())
	}
	s.Drop(AfterApply)
	if err := s.label(ctx, "done"); err == nil || s.applied() != 1 || s.deployment().Labels["step"] != "done" {
		t.Errorf("dropped after: got %v and %d changes", err, s.applied())
	}
	s.Answer(500)
	if err := s.label(ctx, "broken"); !apierrors.IsInternalError(err) || s.applied() != 1 {
		t.Errorf("answered 500: got %v and %d changes", err, s.applied())
	}
	s.Reject("policy.shop.example", "no deploys on Friday")
	if err := s.label(ctx, "denied"); !apierrors.IsForbidden(err) || err.Error() != `admission webhook "policy.shop.example" denied the request: no deploys on Friday` {
		t.Errorf("rejected: got %v", err)
	}
}

// TestAHeldChange: the change happens although its caller went away.
func TestAHeldChange(t *testing.T) {
	s := newStage(t, Options{Objects: []Object{prod()}})
	s.prodCart("cart:1.9.8", 1)
	for _, at := range []Point{BeforeApply, AfterApply} {
		held := s.Hold(at)
		impatient, cancel := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- s.label(impatient, strings.ReplaceAll(string(at), " ", "-")) }()
		<-held.Reached()
		cancel()
		if err := <-ended; err == nil {
			t.Errorf("%s: a caller that went away got an answer", at)
		}
		held.Release()
		s.until("the change happened", func() bool { return s.deployment().Labels["step"] == strings.ReplaceAll(string(at), " ", "-") })
	}
}

func TestAnAPIThatIsAwayOrSlow(t *testing.T) {
	s := newStage(t, Options{Objects: []Object{prod()}})
	s.prodCart("cart:1.9.8", 1)
	w := must(s.apps.Deployments("prod").Watch(ctx, metav1.ListOptions{}))(t)
	s.Unreachable(true)
	s.until("the watch ended", func() bool {
		select {
		case _, open := <-w.ResultChan():
			return !open
		default:
			return false
		}
	})
	if res, err := http.Get(s.Page() + "/version"); err == nil {
		res.Body.Close()
		t.Error("an API that is away answered")
	}
	s.Unreachable(false)
	s.Slow(80 * time.Millisecond)
	began := time.Now()
	s.deployment()
	if took := time.Since(began); took < 80*time.Millisecond {
		t.Errorf("a slow API answered in %v", took)
	}
}
