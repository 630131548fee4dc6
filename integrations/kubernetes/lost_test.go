package kubernetes

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

// An answer that is lost leaves the result unknown; the request is sent once, and
// the probe finds out by our mark.
func TestALostAnswerIsUnknownAndTheRequestIsNeverRepeated(t *testing.T) {
	t.Parallel()
	for name, fate := range map[string]fate{"dropped before": dropBefore, "dropped after": dropAfter, "503 before": answer503, "503 after": answer503After} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clustertest.New(t)
			twoVersions(t, s, "web:2")
			g := newGate(t, s)
			f := with(t, s, g.kubeconfig)
			for run := range 10 {
				p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
				p.Note = fmt.Sprintf("INC-42, step %d", run)
				g.set(fate, nil)
				_, err := act(t, f, rollbackName).Apply(t.Context(), p, keepNothing)
				_, stale := integrations.AsStale(err)
				_, rejected := integrations.AsRejected(err)
				if err == nil || stale || rejected {
					t.Fatalf("got %v, want an error that proves nothing", err)
				}
				if got := g.count(); got != 1 {
					t.Fatalf("got %d requests, want 1", got)
				}
				e := probedUntil(t, f, p, "told", func(integrations.Evidence) bool { return true })
				if made := e.Applied == integrations.Yes; made != g.changed() || e.Applied == integrations.Unknown {
					t.Fatalf("got %+v, want applied to be %v", e, g.changed())
				}
				g.set(through, nil)
			}
		})
	}
}

func TestAClusterThatCannotBeReachedIsARefusal(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:2")
	g := newGate(t, s)
	f := with(t, s, g.kubeconfig)
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
	g.shut(true)
	_, err := act(t, f, rollbackName).Apply(t.Context(), p, keepNothing)
	r, ok := integrations.AsRejected(err)
	if !ok || r.Code != "E5" || !strings.Contains(r.Why, "3 tries, last good") || !strings.Contains(r.Fix, p.Command) {
		t.Fatalf("got %v, want E5 with tries, last good and the command", err)
	}
	if strings.Contains(r.Why+r.Fix, "127.0.0.1") {
		t.Errorf("got %q %q, which tells the address", r.Why, r.Fix)
	}
	_, err = act(t, f, rollbackName).Plan(t.Context(), integrations.Args{"deployment": "deploy/web"})
	if r, ok = integrations.AsRejected(err); !ok || r.Code != "E5" || !strings.Contains(r.Fix, "rollout history deploy/web") {
		t.Errorf("got %v, want E5 with what to look at by hand", err)
	}
	if got := g.count(); got != 0 {
		t.Errorf("got %d changes, want none", got)
	}
}

// What moves between the preview and the patch is refused, even when it moves
// after the last look: the patch tests the resource version. 10 runs each.
func TestDriftIsRefusedWithTheDifference(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		drift string // a JSON merge patch; "" deletes
		want  string
		code  string
	}{
		"a new revision": {`{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"web:3-%d"}]}}}}`, "web:3-", "E10"},
		"a scale":        {`{"spec":{"replicas":%d}}`, "pods", "E10"},
		"a pause":        {`{"spec":{"paused":true,"minReadySeconds":%d}}`, "is paused now", "E10"},
		"another spec":   {`{"spec":{"minReadySeconds":%d}}`, "its spec, not its pods", "E10"},
		"a deletion":     {"", "is gone", "E18"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := clustertest.New(t)
			g := newGate(t, s)
			f := with(t, s, g.kubeconfig)
			admin := clientFor(t, s)
			for run := range 10 {
				late := run%2 == 1
				if run == 0 || tt.drift == "" {
					s.Apply(clustertest.Deployment("web", "web:1", 0))
					s.WaitRolledOut("web")
					s.Apply(clustertest.Deployment("web", fmt.Sprintf("web:2-%d", run), 0))
					s.WaitRolledOut("web")
				} else {
					merge(t, admin, s, `{"spec":{"paused":false}}`)
				}
				p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web", "to": "web:1"})
				drift := func(*http.Request) {
					if tt.drift == "" {
						remove(t, admin, s)
						return
					}
					merge(t, admin, s, fmt.Sprintf(tt.drift, run+5))
				}
				if g.set(through, nil); late {
					g.set(through, drift)
				} else {
					drift(nil)
				}
				_, err := act(t, f, rollbackName).Apply(t.Context(), p, keepNothing)
				stale, ok := integrations.AsStale(err)
				if !ok || stale.Code != tt.code || !strings.Contains(stale.Diff, tt.want) {
					t.Fatalf("run %d, late %v: got %v, want %s with %q", run, late, err, tt.code, tt.want)
				}
				if want := map[bool]int{true: 1, false: 0}[late]; g.count() != want {
					t.Fatalf("run %d: got %d requests, want %d", run, g.count(), want)
				}
			}
		})
	}
}

func TestADeletedAndRemadeWorkloadIsAnotherOne(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:2")
	f := on(t, s)
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
	s.Kubectl("delete", "deployment", "web", "--cascade=foreground")
	twoVersions(t, s, "web:2")
	_, err := act(t, f, rollbackName).Apply(t.Context(), p, keepNothing)
	if stale, ok := integrations.AsStale(err); !ok || stale.Code != "E10" || !strings.Contains(stale.Diff, "made anew") {
		t.Fatalf("got %v, want E10: made anew", err)
	}
}

// Status and annotations may move as they like: the patch is made anew.
func TestAStatusThatMovesDoesNotBlock(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:2")
	g := newGate(t, s)
	f := with(t, s, g.kubeconfig)
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
	moves := 2
	g.set(through, func(*http.Request) {
		if moves--; moves >= 0 {
			s.Kubectl("annotate", "deployment/web", "--overwrite", fmt.Sprintf("seen=%d", moves))
		}
	})
	applied(t, f, p)
	if got := g.count(); got < 3 { // its controller may answer with writes of its own
		t.Errorf("got %d requests, want one for each move and the one that counts", got)
	}
	if got := imageOf(s, "web"); got != "web:1" {
		t.Errorf("got image %s, want web:1", got)
	}
}

// What never rests is left alone, in words that say so.
func TestWhatIsWrittenToAllTheTimeIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:2")
	g := newGate(t, s)
	f := with(t, s, g.kubeconfig)
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
	moves := 0
	g.set(through, func(*http.Request) {
		moves++
		s.Kubectl("annotate", "deployment/web", "--overwrite", fmt.Sprintf("seen=%d", moves))
	})
	_, err := act(t, f, rollbackName).Apply(t.Context(), p, keepNothing)
	if stale, ok := integrations.AsStale(err); !ok || stale.Code != "E10" || !strings.Contains(stale.Diff, "being written to all the time") {
		t.Errorf("got %v, want E10: all the time", err)
	}
	if got := g.count(); got != attempts {
		t.Errorf("got %d requests, want %d", got, attempts)
	}
	if got := imageOf(s, "web"); got != "web:2" {
		t.Errorf("got image %s, want web:2", got)
	}
}

func TestTheRevisionThatIsGoneIsNotGuessed(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	twoVersions(t, s, "web:2")
	f := on(t, s)
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "deploy/web"})
	s.Kubectl("delete", "replicaset", p.Pre[keyToObject])
	_, err := act(t, f, rollbackName).Apply(t.Context(), p, keepNothing)
	if stale, ok := integrations.AsStale(err); !ok || !strings.Contains(stale.Diff, "gone from its history") {
		t.Fatalf("got %v, want a refusal", err)
	}
	_, err = act(t, f, rollbackName).Plan(t.Context(), integrations.Args{"deployment": "deploy/web"})
	if r, ok := integrations.AsRejected(err); !ok || r.Code != "E7" || !strings.Contains(r.Why, "only one revision (history limit 10)") {
		t.Errorf("got %v, want E7", err)
	}
}
