package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mayday/internal/clustertest"
	"mayday/internal/incident"
)

// TestKubernetesBadDeployIsPutBack goes from a bad image, deployed with kubectl,
// through suspect number one, preview, press and watching to its end, then takes
// the rollback back and rolls forward again: for each kind of workload.
func TestKubernetesBadDeployIsPutBack(t *testing.T) {
	for _, kind := range workloadKinds {
		t.Run(kind.field, func(t *testing.T) {
			t.Parallel()
			space := clustertest.New(t)
			deployed(space, kind, "web:2")
			space.Kubectl("rollout", "status", kind.ref, "--timeout=60s")
			s := newClusterStage(t, space, clusterOptions{kind: kind})
			s.as(s.rights()) // nothing more than the documented Role
			s.suspectIsFirst()
			s.putBack()
			s.takenBackAndForward()
			s.whole()
		})
	}
}

// suspectIsFirst opens an incident, whose first message names the deploy, its
// author and its age, with the one act that puts it back.
func (s *clusterStage) suspectIsFirst() {
	s.t.Helper()
	began := time.Now()
	s.open()
	if took := time.Since(began); took > 2*time.Second {
		s.t.Errorf("suspect number one came after %s, want 2 s", took)
	}
	_, first, found := strings.Cut(s.opener(), "\n1 · ")
	first, _, _ = strings.Cut(first, "\n")
	if !found || !strings.Contains(first, "deploy checkout rev 1→2") || !strings.Contains(first, "(kubectl-patch, “cart v2”)") ||
		!strings.HasSuffix(first, " before") && !strings.HasSuffix(first, "at that moment") {
		s.t.Errorf("suspect number one is %q, want the deploy, its author, its cause and its age", first)
	}
}

// opener is what the first message of the thread says about what changed.
func (s *clusterStage) opener() string {
	s.t.Helper()
	for _, m := range s.thread() {
		if m.Kind == "opener" {
			return m.Text
		}
	}
	s.t.Fatalf("there is no opener:\n%s", texts(s.thread()))
	return ""
}

// putBack presses the offer, the preview, and waits for its effect.
func (s *clusterStage) putBack() {
	s.t.Helper()
	s.pressID("ana", s.labelled("Roll back checkout").ID)
	s.wants("the preview", s.message(s.stepKey()).Text, "checkout", "web:1", "Undo: yes, back to web:2")
	s.wantTemplate("web:2") // nothing acts before the press
	s.confirm()
	step := s.complete()
	s.wantImage("web:1")
	s.wants("the card", s.message("INC-1:step:"+step.ID).Text, "✓")
	if s.space.Kubectl("get", s.kind.ref, "-o", `jsonpath={.metadata.annotations.team\.example/owner}`) != "payments" {
		s.t.Error("the annotation of somebody else is gone")
	}
	history := s.space.Kubectl("rollout", "history", s.kind.ref)
	if !strings.Contains(history, "\n3 ") || strings.Contains(history, "\n1 ") {
		s.t.Errorf("kubectl tells another history:\n%s", history)
	}
	s.cannotTell()
}

// cannotTell looks at the check of a playbook whose figures nobody has: that is
// never "met".
func (s *clusterStage) cannotTell() {
	s.t.Helper()
	id := s.run().ID
	s.until("the check is looked at", func() bool { return s.inc().Run(id).Results["verify"].Watch != nil })
	if w := s.inc().Run(id).Results["verify"]; w.Outcome == incident.OutDone {
		s.t.Errorf("got %+v, want no verdict without figures", w)
	}
	s.wants("the check", s.message("INC-1:ask:"+id+":verify").Text, "cannot tell", "there is no data for `errors`")
}

func (s *clusterStage) wantTemplate(image string) {
	s.t.Helper()
	if got := s.space.Kubectl("get", s.kind.ref, "-o", "jsonpath={.spec.template.spec.containers[0].image}"); got != image {
		s.t.Errorf("the template has %s, want %s", got, image)
	}
}

// takenBackAndForward undoes the rollback, which rolls the bad image out again,
// and undoes that.
func (s *clusterStage) takenBackAndForward() {
	s.t.Helper()
	for n, want := range []string{"web:2", "web:1"} {
		s.press("ana", "undo")
		s.wants("the preview of the undo", s.message(s.stepKey()).Text, want)
		s.confirm()
		s.complete()
		s.wantImage(want)
		if history := s.space.Kubectl("rollout", "history", s.kind.ref); !strings.Contains(history, fmt.Sprintf("\n%d ", 4+n)) {
			s.t.Errorf("kubectl tells another history:\n%s", history)
		}
	}
	if s.space.Kubectl("get", s.kind.ref, "-o", `jsonpath={.metadata.annotations.team\.example/owner}`) != "payments" {
		s.t.Error("the annotation of somebody else is gone")
	}
}
