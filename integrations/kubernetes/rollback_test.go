package kubernetes

import (
	"strings"
	"testing"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

func TestRollbackOfADeploymentAndItsUndo(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:missing")
	s.Kubectl("annotate", "deployment/web", "team=shop", "kubernetes.io/change-cause=cart v2")
	f := on(t, s, "shop: {deployment: web}")

	p := planned(t, f, rollbackName, integrations.Args{"deployment": "shop"})
	for what, pair := range map[string][2]string{
		"title": {p.Title, "Roll back shop (production)"}, "from": {p.From, "rev 2, web:missing"}, "to": {p.To, "rev 1, web:1, "},
		"undo": {p.Undo, "yes, back to web:missing"}, "command": {p.Command, "rollout undo deploy/web --to-revision=1"},
	} {
		if !strings.Contains(pair[0], pair[1]) {
			t.Errorf("%s: got %q, want %q in it", what, pair[0], pair[1])
		}
	}
	r := applied(t, f, p)
	settled(t, f, p)
	if got := imageOf(s, "web"); got != "web:1" {
		t.Errorf("got image %s, want web:1", got)
	}
	if got := s.Kubectl("get", "deployment/web", "-o", "jsonpath={.metadata.annotations}"); !strings.Contains(got, `"team":"shop"`) || !strings.Contains(got, "INC-42, step 0a1b2c3d") {
		t.Errorf("got annotations %s, want those of others and ours", got)
	}
	if got := s.Kubectl("rollout", "history", "deployment/web"); !strings.Contains(got, "\n3 ") || strings.Contains(got, "\n1 ") {
		t.Errorf("got history %q, want revisions 2 and 3", got)
	}

	back, err := act(t, f, rollbackName).Undo(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	back = noted(back)
	if !strings.Contains(back.To, "web:missing") || back.Title != "Roll forward shop (production)" {
		t.Errorf("got undo %q to %q, want a way to web:missing", back.Title, back.To)
	}
	applied(t, f, back)
	e := probedUntil(t, f, back, "wrong", func(e integrations.Evidence) bool { return e.Wrong != "" })
	if want := "ImagePullBackOff on web:missing"; !strings.Contains(e.Wrong, want) || !strings.Contains(e.Wrong, "2 pods rev 3") {
		t.Errorf("got %q, want %q and what is true now", e.Wrong, want)
	}
	again := planned(t, f, rollbackName, integrations.Args{"deployment": "shop", "to": "web:1"})
	applied(t, f, again)
	settled(t, f, again)
}
