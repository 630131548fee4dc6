package kubernetes

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"mayday/integrations"
	"mayday/internal/clustertest"
	"mayday/internal/incident"
)

func lastHour() integrations.Window {
	now := time.Now()
	return integrations.Window{From: now.Add(-time.Hour), To: now.Add(time.Minute)}
}

func suspect(t testing.TB, all []integrations.Suspect, what string) integrations.Suspect {
	t.Helper()
	for _, s := range all {
		if s.What == what {
			return s
		}
	}
	t.Fatalf("got no suspect %q in %+v", what, all)
	return integrations.Suspect{}
}

func TestWhatChanged(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(cart("cart:1", "info", "one", "10m", "cart v1") + daemonSet("agent", "agent:1"))
	s.WaitRolledOut("cart")
	s.Apply(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: cart}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}, minReplicas: 1, maxReplicas: 4}
`)
	s.Kubectl("annotate", "deployment/cart", "kubernetes.io/change-cause=cart v2", "--overwrite")
	s.Kubectl("set", "image", "deployment/cart", "cart=cart:missing")
	s.Kubectl("scale", "deployment/cart", "--replicas=2")
	s.WaitWaiting("app=cart", "ImagePullBackOff")
	f := on(t, s, "shop: {deployment: cart}")

	all, err := f.Changes(t.Context(), integrations.Window{Services: []string{"shop"}, From: lastHour().From, To: lastHour().To})
	if err != nil {
		t.Fatal(err)
	}
	deploy := suspect(t, all, "shop rev 1→2")
	if deploy.Kind != incident.SuspectDeploy || deploy.Who != "kubectl-set" || deploy.Why != "cart v2" || deploy.Service != "shop" || time.Since(deploy.At) > time.Minute {
		t.Errorf("got %+v, want the deploy with author and cause", deploy)
	}
	if o := deploy.Offer; o == nil || o.Label != "Roll back shop" || o.Playbook != "rollback" || o.Inputs["service"] != "shop" {
		t.Errorf("got offer %+v, want the rollback of shop", deploy.Offer)
	}
	if first := suspect(t, all, "shop rev 1 (cart:1)"); first.Offer != nil {
		t.Errorf("got offer %+v for the first revision", first.Offer)
	}
	if got := suspect(t, all, "config map cart-config (new)"); got.Service != "shop" || got.Kind != incident.SuspectConfig {
		t.Errorf("got %+v, want it to be of shop", got)
	}
	suspect(t, all, "cart HPA is 1 to 4 pods")
	suspect(t, all, "agent rev 1 (agent:1)")

	again, err := f.Changes(t.Context(), lastHour())
	if err != nil || suspect(t, again, "shop rev 1→2").ID != deploy.ID {
		t.Errorf("got another id for the same change (%v)", err)
	}
	old, err := f.Changes(t.Context(), integrations.Window{From: time.Now().Add(-2 * time.Hour), To: time.Now().Add(-time.Hour)})
	if err != nil || len(old) != 0 {
		t.Errorf("got %+v (%v), want nothing an hour ago", old, err)
	}

	p := planned(t, f, rollbackName, integrations.Args{"deployment": "shop"})
	applied(t, f, p)
	settled(t, f, p)
	after, err := f.Changes(t.Context(), lastHour())
	if err != nil {
		t.Fatal(err)
	}
	if ours := suspect(t, after, "shop rev 2→3"); ours.Who != "mayday" || ours.Offer != nil {
		t.Errorf("got %+v, want our own rollback without an offer", ours)
	}
}

func TestAScaleByHandIsASuspectWithTheCountBefore(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 3))
	s.WaitRolledOut("web")
	s.Kubectl("scale", "deployment/web", "--replicas=1")
	s.WaitRolledOut("web")
	s.WaitEvent("web", "ScalingReplicaSet")
	clustertest.WaitList(s, "events", "", "tell both counts", func(all []corev1.Event) bool {
		n := 0
		for _, e := range all {
			if e.Reason == "ScalingReplicaSet" {
				n++
			}
		}
		return n == 2
	})
	f := on(t, s, "shop: {deployment: web}")
	all, err := f.Changes(t.Context(), lastHour())
	if err != nil {
		t.Fatal(err)
	}
	got := suspect(t, all, "web scaled 3→1")
	if got.Who != "kubectl" || got.Kind != incident.SuspectScale || got.Offer == nil || got.Offer.Playbook != "scale" || got.Offer.Inputs["replicas"] != "3" || got.Offer.Inputs["service"] != "shop" {
		t.Errorf("got %+v with offer %+v, want who scaled and the way back", got, got.Offer)
	}
}
