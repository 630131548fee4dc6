package kubernetes

import (
	"log/slog"
	"strings"
	"testing"

	"mayday/integrations"
	"mayday/internal/clustertest"
	"mayday/internal/config"
)

func TestReferences(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"web":                       "|||web",
		"deploy/web":                "||deployment|web",
		"sts/db":                    "||statefulset|db",
		"statefulsets.apps/db":      "||statefulset|db",
		"DS/agent":                  "||daemonset|agent",
		"shop/web":                  "|shop||web",
		"shop/deployment/web":       "|shop|deployment|web",
		"prod:web":                  "prod|||web",
		"prod:shop/web":             "prod|shop||web",
		"prod:shop/ds/agent.v2":     "prod|shop|daemonset|agent.v2",
		"":                          "no",
		"Web":                       "no",
		"web_1":                     "no",
		"-web":                      "no",
		"a/b/c/d":                   "no",
		"shop/job/web":              "no",
		":web":                      "no",
		"prod:":                     "no",
		"shop/":                     "no",
		"web;rm":                    "no",
		"web --all":                 "no",
		strings.Repeat("a", 254):    "no",
		"prod:Shop/web":             "no",
		"we%62":                     "no",
		"..":                        "no",
		"shop/../kube-system/proxy": "no",
	} {
		r, ok := parseRef(text)
		got := "no"
		if ok {
			k := ""
			if r.kind != nil {
				k = r.kind.word
			}
			got = r.cluster + "|" + r.namespace + "|" + k + "|" + r.name
		}
		if got != want {
			t.Errorf("parseRef(%q): got %s, want %s", text, got, want)
		}
	}
}

const twoRegions = `
connect:
  k8s:
    eu: {kubeconfig: /nowhere/eu, env: production}
    us: {kubeconfig: file:/nowhere/us, context: us, env: staging}
services:
  checkout: {k8s: [{cluster: eu, namespace: shop, deployment: checkout}, {cluster: us, namespace: shop, deployment: checkout, workers: [mailer]}]}
  store: {k8s: {cluster: us, namespace: data, statefulset: db}}
`

func TestAServiceWithSeveralTargets(t *testing.T) {
	t.Parallel()
	f := fleetOf(t, twoRegions)
	for args, want := range map[string]string{
		"": "k8s/eu/shop/deployment/checkout", "1": "k8s/eu/shop/deployment/checkout", "2": "k8s/us/shop/deployment/checkout",
		"us": "k8s/us/shop/deployment/checkout", "us/shop": "k8s/us/shop/deployment/checkout",
	} {
		c, err := f.choose(t.Context(), integrations.Args{"deployment": "checkout", "target": args})
		if err != nil || c.id() != want {
			t.Errorf("target %q: got %s (%v), want %s", args, c.id(), err, want)
		}
	}
	c, err := f.choose(t.Context(), integrations.Args{"deployment": "checkout", "cluster": "us"})
	if err != nil || c.index != 1 || c.next("rollback") != nil || c.where() != " (us/shop)" {
		t.Errorf("got target %d (%v), next %v, want the last one", c.index, err, c.next("rollback"))
	}
	c, err = f.choose(t.Context(), integrations.Args{"deployment": "checkout"})
	if err != nil {
		t.Fatal(err)
	}
	if o := c.next("rollback"); o == nil || o.Playbook != "rollback" || o.Inputs["service"] != "checkout" || o.Inputs["target"] != "2" || o.Label != "Next: us/shop" {
		t.Errorf("got next %+v, want the second target", o)
	}
	if got := c.args(); got["deployment"] != "checkout" || got["target"] != "1" {
		t.Errorf("got arguments %v, want the very target", got)
	}
	for _, a := range []integrations.Args{{"deployment": "checkout", "target": "3"}, {"deployment": "checkout", "target": "eu", "cluster": "us"}} {
		_, err := f.choose(t.Context(), a)
		if r, ok := integrations.AsRejected(err); !ok || !strings.Contains(r.Fix, "1 = eu/shop, 2 = us/shop") {
			t.Errorf("%v: got %v, want the choices", a, err)
		}
	}
	if got := f.serviceOf(place{cluster: f.clusters["us"], namespace: "shop", kind: deployments, name: "mailer"}); got != "checkout" {
		t.Errorf("a worker: got service %q, want checkout", got)
	}
	if f.clusters["eu"].own.Env != "prod" || f.clusters["us"].own.Env != "staging" {
		t.Error("got other environments than configured")
	}
	if got := (chosen{place: f.services[1].targets[0].place}).command("rollout", "restart", "sts/db"); got != "kubectl --context us -n data rollout restart sts/db" {
		t.Errorf("got command %q", got)
	}
}

func TestChoicesThatAreRefused(t *testing.T) {
	t.Parallel()
	f := fleetOf(t, twoRegions)
	for text, want := range map[string]string{
		"web; rm -rf":      "is not the name of a workload",
		"asia:shop/ds/web": "There is no cluster asia",
	} {
		_, err := f.choose(t.Context(), integrations.Args{"deployment": text})
		if r, ok := integrations.AsRejected(err); !ok || r.Code != "E24" || !strings.Contains(r.Why, want) {
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
	_, err := fleetOf(t, "services: {}\n").choose(t.Context(), integrations.Args{"deployment": "web"})
	if r, ok := integrations.AsRejected(err); !ok || !strings.Contains(r.Fix, "connect.k8s") {
		t.Errorf("without a cluster: got %v, want it said", err)
	}
}

func TestAnAmbiguousNameIsRefusedWithTheChoices(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("web", "web:1", 1) + daemonSet("web", "web:1") + clustertest.Deployment("only", "web:1", 1))
	f := on(t, s)
	_, err := f.choose(t.Context(), integrations.Args{"deployment": "web"})
	r, ok := integrations.AsRejected(err)
	if !ok || !strings.Contains(r.Fix, "test:"+s.Name+"/deploy/web, test:"+s.Name+"/ds/web") {
		t.Errorf("got %v, want both named", err)
	}
	if c, err := f.choose(t.Context(), integrations.Args{"deployment": "only"}); err != nil || c.kind.word != "deployment" {
		t.Errorf("got %s (%v), want the deployment", c.id(), err)
	}
	_, err = f.choose(t.Context(), integrations.Args{"deployment": "nothing"})
	if r, ok := integrations.AsRejected(err); !ok || !strings.Contains(r.Why, "There is no workload nothing in test:"+s.Name) {
		t.Errorf("got %v, want it said where I looked", err)
	}
}

func TestConfigurationThatIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"connect: {k8s: {prod: {}}}\n":                                                                                           "`kubeconfig` is missing in `connect.k8s.prod`",
		"connect: {k8s: {prod: {kubeconfg: /a}}}\n":                                                                              "Did you mean `kubeconfig`?",
		"connect: {k8s: {'my prod': {kubeconfig: /a}}}\n":                                                                        "a cluster's name has letters",
		"connect: {k8s: {prod: {kubeconfig: env:KUBE}}}\n":                                                                       "is the path of a file",
		"connect: {k8s: {prod: {kubeconfig: /a, namespaces: [Shop]}}}\n":                                                         "is not the name of a namespace",
		"connect: {k8s: {prod: {kubeconfig: /a}}}\nservices: {a: {k8s: {namespace: shop}}}\n":                                    "names no workload",
		"connect: {k8s: {prod: {kubeconfig: /a}}}\nservices: {a: {k8s: {deployment: web}}}\n":                                    "`namespace` of `services.a.k8s`",
		"connect: {k8s: {prod: {kubeconfig: /a}}}\nservices: {a: {k8s: []}}\n":                                                   "names no workload",
		"services: {a: {k8s: {namespace: shop, deployment: web}}}\n":                                                             "no cluster is configured",
		"connect: {k8s: {prod: {kubeconfig: /a}}}\nservices: {a: {k8s: {cluster: eu, namespace: shop, deployment: web}}}\n":      "there is no cluster \"eu\"; known: prod",
		"connect: {k8s: {prod: {kubeconfig: /a}}}\nservices: {a: {k8s: {namespace: shop, deployment: web, statefulset: db}}}\n":  "names two workloads",
		"connect: {k8s: {prod: {kubeconfig: /a}}}\nservices: {a: {k8s: {namespace: shop, deployment: Web}}}\n":                   "is not a name that Kubernetes has",
		"connect: {k8s: {prod: {kubeconfig: /a}}}\nservices: {a: {k8s: {namespace: shop, deployment: web, workers: [eu:x]}}}\n":  "`workers` are names of deployments",
		"connect: {k8s: {a: {kubeconfig: /a}, b: {kubeconfig: /b}}}\nservices: {a: {k8s: {namespace: shop, deployment: web}}}\n": "`cluster` is missing in `services.a.k8s`; there is: a, b",
		"connect: {k8s: {prod: {kubeconfig: /a}}}\nservices: {a: {k8s: {namespace: shop, deployment: web, configs: [x]}}}\n":     "Did you mean `config`?",
	} {
		file, err := config.Parse("mayday.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		f, err := newFleet(file.Section("connect", "k8s"), slog.New(slog.DiscardHandler))
		if err == nil {
			err = f.adopt([]integrations.Service{{Name: "a", Own: file.Section("services", "a", "k8s")}})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestAKubeconfigThatCannotBeReadIsSaid(t *testing.T) {
	t.Parallel()
	f := fleetOf(t, twoRegions)
	_, err := act(t, f, rollbackName).Plan(t.Context(), integrations.Args{"deployment": "store"})
	r, ok := integrations.AsRejected(err)
	if !ok || r.Code != "E24" || !strings.Contains(r.Why, "I can't use cluster us: its kubeconfig cannot be read") || strings.Contains(r.Why, "/nowhere") {
		t.Errorf("got %v, want it said without the path", err)
	}
	if err := f.refuse(t.Context()); err != nil {
		t.Errorf("got %v, want Mayday to start when a cluster cannot be asked", err)
	}
}
