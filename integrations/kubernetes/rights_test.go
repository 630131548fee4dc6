package kubernetes

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

var workConfig = []string{"shop: {deployment: web, config: [web-config], workers: [importer], cronjobs: [report]}"}

const webConfig = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: web-config}\ndata: {rate: \"5\"}\n"

func workServices(t testing.TB, s *clustertest.Space) *fleet {
	t.Helper()
	s.Apply(scaledObjectCRD)
	s.Apply(operatorCRDs())
	s.Apply(clustertest.Deployment("web", "web:1", 2) + clustertest.Deployment("importer", "importer:1", 2) + cronYAML("report", "") + webConfig + webAutoscaler)
	s.WaitRolledOut("importer")
	return on(t, s, workConfig...)
}

// What each act is tried with.
func workActs(s *clustertest.Space) map[string]integrations.Args {
	return map[string]integrations.Args{
		scaleName:              {"deployment": "importer", "replicas": int64(0)},
		setHPAName:             {"deployment": "shop", "max": int64(6)},
		"k8s.suspend_cronjobs": {"name": "shop"},
		setEnvName:             {"deployment": "shop", "name": "LOG_LEVEL", "value": "debug"},
		patchConfigName:        {"name": "shop", "key": "rate", "value": "6"},
		"k8s.evict_pod":        {"pod": ""},
		"k8s.delete_pod":       {"pod": ""},
	}
}

func TestTheDocumentedRoleIsEnoughForCountsAndContents(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	admin := workServices(t, s)
	f := with(t, s, s.Account("mayday", documented(t, admin, s.Name)...).Kubeconfig, workConfig...)
	if table, err := f.lookWorkers(t.Context(), integrations.Args{"deployment": "shop"}); err != nil || len(table.Rows) != 1 || table.Rows[0].Values["workload"] != "test:"+s.Name+"/deploy/importer" {
		t.Errorf("got %+v, %v", table, err)
	}
	acts := workActs(s)
	for _, name := range []string{"k8s.evict_pod", "k8s.delete_pod", setHPAName, "k8s.suspend_cronjobs", patchConfigName, scaleName, setEnvName} {
		args := acts[name]
		if _, ofPods := args["pod"]; ofPods {
			args["pod"] = onePod(t, s, "importer").Name
		}
		p := planned(t, f, name, args)
		for _, c := range p.Checks {
			if c.Answer == integrations.Unknown && strings.Contains(c.Text, "cannot be asked") {
				t.Errorf("%s: got %q, want it asked", name, c.Text)
			}
		}
		r := applied(t, f, p)
		if act(t, f, name).Undo != nil {
			undone(t, f, name, r)
			continue
		}
		settled(t, f, p)
	}
}

func TestAMissingRightOfCountsAndContentsIsNamed(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	rules := documented(t, workServices(t, s), s.Name)
	pod := onePod(t, s, "importer").Name
	for n, tt := range []struct{ act, resource, verb, want string }{
		{scaleName, "deployments/scale", "patch", "- {apiGroups: [apps], resources: [deployments/scale], resourceNames: [importer], verbs: [patch]}"},
		{setHPAName, "horizontalpodautoscalers", "patch", "- {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], resourceNames: [web], verbs: [patch]}"},
		{"k8s.suspend_cronjobs", "cronjobs", "patch", "- {apiGroups: [batch], resources: [cronjobs], resourceNames: [report], verbs: [patch]}"},
		{"k8s.suspend_cronjobs", "cronjobs", "get", "- {apiGroups: [batch], resources: [cronjobs], resourceNames: [report], verbs: [get]}"},
		{setEnvName, "deployments", "patch", "- {apiGroups: [apps], resources: [deployments], resourceNames: [web], verbs: [patch]}"},
		{patchConfigName, "configmaps", "patch", `- {apiGroups: [""], resources: [configmaps], resourceNames: [web-config], verbs: [patch]}`},
		{"k8s.evict_pod", "pods/eviction", "create", `- {apiGroups: [""], resources: [pods/eviction], resourceNames: [` + pod + `], verbs: [create]}`},
		{"k8s.delete_pod", "pods", "delete", `- {apiGroups: [""], resources: [pods], resourceNames: [` + pod + `], verbs: [delete]}`},
	} {
		t.Run(tt.act+" "+tt.verb, func(t *testing.T) {
			t.Parallel()
			f := with(t, s, s.Account(fmt.Sprintf("short-%d", n), withoutVerb(rules, tt.resource, tt.verb)...).Kubeconfig, workConfig...)
			args := workActs(s)[tt.act]
			if _, ofPods := args["pod"]; ofPods {
				args["pod"] = pod
			}
			p, err := act(t, f, tt.act).Plan(t.Context(), args)
			said := ""
			if r, ok := integrations.AsRejected(err); ok && r.Code == "E6" {
				said = r.Fix
			}
			for _, c := range p.Failing() {
				if c.Code == "E6" {
					said += c.Text
				}
			}
			if !strings.Contains(said, tt.want) {
				t.Errorf("got %q (%v, checks %+v), want %q", said, err, p.Checks, tt.want)
			}
		})
	}
}

// An admission policy says no to a change that the account may make: its words are
// shown at the preview, and nothing is done.
func TestAPolicyAgainstAScaleIsQuoted(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 2) + webConfig + fmt.Sprintf(`---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-zero-%[1]s}
spec:
  matchConstraints:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %[1]s}}
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [deployments/scale]}
      - {apiGroups: [""], apiVersions: [v1], operations: [UPDATE], resources: [configmaps]}
  validations:
    - {expression: "request.kind.kind == 'ConfigMap' ? object.data.rate != '0' : object.spec.replicas != 1", message: "the platform team wants none of that"}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: no-zero-%[1]s}
spec: {policyName: no-zero-%[1]s, validationActions: [Deny]}
`, s.Name))
	f := on(t, s)
	for name, args := range map[string]integrations.Args{
		scaleName: {"deployment": "web", "replicas": int64(1)}, patchConfigName: {"name": "web-config", "key": "rate", "value": "0"},
	} {
		tick, end := time.NewTicker(50*time.Millisecond), time.NewTimer(20*time.Second)
		for {
			p, err := act(t, f, name).Plan(t.Context(), args)
			if err != nil {
				t.Fatal(err)
			}
			if hasCheck(p, integrations.No, "the platform team wants none of that") {
				_, err := act(t, f, name).Apply(t.Context(), noted(p), keepNothing)
				if !isRejected(err, "the platform team wants none of that") {
					t.Errorf("%s: got %v, want the words of the policy", name, err)
				}
				break
			}
			select { // the server needs a moment to heed a new policy
			case <-tick.C:
				continue
			case <-end.C:
				t.Fatalf("%s: got checks %+v", name, p.Checks)
			}
		}
		tick.Stop()
		end.Stop()
	}
	if got := replicasOf(s, "web"); got != 2 {
		t.Errorf("got %d, want nothing done", got)
	}
}

// A lost answer leaves the result unknown, the request is sent once, and the probe
// finds out what is true.
func TestALostAnswerOfCountsAndContents(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 1) + cronYAML("report", "") + webConfig)
	g := newGate(t, s)
	f := with(t, s, g.kubeconfig, workConfig...)
	acts := map[string][2]integrations.Args{
		scaleName:              {{"deployment": "shop", "replicas": int64(2)}, {"deployment": "shop", "replicas": int64(1)}},
		patchConfigName:        {{"name": "web-config", "key": "rate", "value": "6"}, {"name": "web-config", "key": "rate", "value": "5"}},
		"k8s.suspend_cronjobs": {{"name": "report"}, {"name": "report"}},
		setEnvName:             {{"deployment": "shop", "name": "A", "value": "1"}, {"deployment": "shop", "name": "A", "value": "2"}},
	}
	for name, args := range acts {
		for _, fate := range []fate{dropBefore, answer503, dropAfter} {
			turn := args[0]
			for run := range 2 {
				p, err := act(t, f, name).Plan(t.Context(), turn)
				if err != nil {
					t.Fatal(err)
				}
				if p.Gone != "" { // it is so already
					if name == "k8s.suspend_cronjobs" {
						patchedOther(t, s, "li", cronJobsOf, "report", `{"spec":{"suspend":false}}`)
					}
					turn = args[1]
					if p, err = act(t, f, name).Plan(t.Context(), turn); err != nil || p.Gone != "" {
						t.Fatal(err, p.Gone)
					}
				}
				p.Note = fmt.Sprintf("INC-42, step %d of %d", run, fate)
				g.set(fate, nil)
				_, err = act(t, f, name).Apply(t.Context(), p, keepNothing)
				_, stale := integrations.AsStale(err)
				_, rejected := integrations.AsRejected(err)
				if err == nil || stale || rejected || g.count() != 1 {
					t.Fatalf("%s: got %v after %d requests, want one, and an error that proves nothing", name, err, g.count())
				}
				made := g.changed() // a status that moved may have made the server refuse it
				g.set(through, nil)
				e, err := act(t, f, name).Probe(t.Context(), p, nil)
				if err != nil || e.Applied == integrations.Unknown || (e.Applied == integrations.Yes) != made {
					t.Fatalf("%s: got %+v, %v, want applied %v", name, e, err, made)
				}
			}
		}
	}
}
