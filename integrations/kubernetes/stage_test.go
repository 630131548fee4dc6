package kubernetes

import (
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"mayday/integrations"
	"mayday/internal/clustertest"
	"mayday/internal/config"
)

// atOnce is how many tests run at a time, unless -parallel says otherwise. They
// mostly wait for rollouts, so that the number of processors is no measure.
const atOnce = "8"

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		if err := flag.Set("test.parallel", atOnce); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(clustertest.Run(m, nil))
}

// fleetOf makes a fleet from the text of a configuration.
func fleetOf(t testing.TB, text string) *fleet {
	t.Helper()
	file, err := config.Parse("mayday.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	f, err := newFleet(file.Section("connect", "k8s"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.close)
	var all []integrations.Service
	services := file.Section("services")
	for _, name := range services.Keys() {
		one := integrations.Service{Name: name, Own: services.Sub(name).Sub("k8s")}
		if m := services.Sub(name).Sub("migrations"); m.Exists() {
			_ = m.Decode(&one.Migrations)
		}
		all = append(all, one)
	}
	if err := f.adopt(all); err != nil {
		t.Fatal(err)
	}
	return f
}

// on makes a fleet whose one cluster is the test's, with services that run in its
// namespace: "web: {deployment: web}".
func on(t testing.TB, s *clustertest.Space, services ...string) *fleet {
	t.Helper()
	return with(t, s, s.Kubeconfig(), services...)
}

func with(t testing.TB, s *clustertest.Space, kubeconfig string, services ...string) *fleet {
	t.Helper()
	text := fmt.Sprintf("connect:\n  k8s:\n    test: {kubeconfig: %q, namespaces: [%s]}\nservices:\n  other: {}\n", kubeconfig, s.Name)
	for _, line := range services {
		name, rest, _ := strings.Cut(line, ": {")
		text += fmt.Sprintf("  %s: {k8s: {cluster: test, namespace: %s, %s}\n", name, s.Name, rest)
	}
	return fleetOf(t, text)
}

// keepNothing is a Keep that always works.
func keepNothing(string, string) error { return nil }

// noted is a plan as the desk hands it to Apply.
func noted(p integrations.Plan) integrations.Plan {
	p.Note = "INC-42, step 0a1b2c3d, asked by ana"
	return p
}

func act(t testing.TB, f *fleet, name string) integrations.Action {
	t.Helper()
	for _, a := range f.actions() {
		if a.Name == name {
			return a
		}
	}
	t.Fatalf("there is no action %s", name)
	return integrations.Action{}
}

// planned makes a plan of which no check fails.
func planned(t testing.TB, f *fleet, name string, a integrations.Args) integrations.Plan {
	t.Helper()
	p, err := act(t, f, name).Plan(t.Context(), a)
	if err != nil {
		t.Fatalf("plan %s %v: %v", name, a, err)
	}
	if p.Gone != "" || len(p.Failing()) > 0 {
		t.Fatalf("plan %s %v: gone %q, failing %v", name, a, p.Gone, p.Failing())
	}
	return noted(p)
}

func applied(t testing.TB, f *fleet, p integrations.Plan) integrations.Receipt {
	t.Helper()
	r, err := act(t, f, p.Action).Apply(t.Context(), p, keepNothing)
	if err != nil {
		t.Fatalf("apply %s: %v", p.Action, err)
	}
	values := map[string]string{}
	for _, from := range []map[string]string{p.Record, r.Values} {
		for k, v := range from {
			values[k] = v
		}
	}
	r.Values = values
	return r
}

// settled asks the probe until it says that the effect is complete.
func settled(t testing.TB, f *fleet, p integrations.Plan) integrations.Evidence {
	t.Helper()
	e := probedUntil(t, f, p, "settled", func(e integrations.Evidence) bool { return e.Settled || e.Wrong != "" })
	if e.Wrong != "" {
		t.Fatalf("got wrong %q, want settled", e.Wrong)
	}
	return e
}

func probedUntil(t testing.TB, f *fleet, p integrations.Plan, what string, is func(integrations.Evidence) bool) integrations.Evidence {
	t.Helper()
	tick, end := time.NewTicker(50*time.Millisecond), time.NewTimer(40*time.Second)
	defer tick.Stop()
	defer end.Stop()
	for {
		e, err := act(t, f, p.Action).Probe(t.Context(), p, nil)
		if err != nil {
			t.Fatalf("probe %s: %v", p.Action, err)
		}
		if is(e) {
			return e
		}
		select {
		case <-end.C:
			t.Fatalf("not %s within 40 s: %+v", what, e)
		case <-tick.C:
		}
	}
}

func imageOf(s *clustertest.Space, name string) string {
	return clustertest.Get[appsv1.Deployment](s, "deployments.apps", name).Spec.Template.Spec.Containers[0].Image
}

// twoVersions is a deployment that went from web:1 to another image.
func twoVersions(t testing.TB, s *clustertest.Space, image string) {
	t.Helper()
	s.Apply(clustertest.Deployment("web", "web:1", 2))
	s.WaitRolledOut("web")
	s.Apply(clustertest.Deployment("web", image, 2))
	clustertest.WaitList(s, "replicasets.apps", "app=web", "are two", func(all []appsv1.ReplicaSet) bool { return len(all) == 2 })
}

// settledPods waits until no pod is ending.
func settledPods(t testing.TB, s *clustertest.Space) {
	t.Helper()
	clustertest.WaitList(s, "pods", "", "are not ending", func(all []corev1.Pod) bool {
		for _, p := range all {
			if p.DeletionTimestamp != nil {
				return false
			}
		}
		return true
	})
}
