package kubernetes

import (
	"fmt"
	"strings"
	"testing"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

func look(t testing.TB, f *fleet, name string, a integrations.Args) integrations.Table {
	t.Helper()
	table, err := act(t, f, name).Look(t.Context(), a)
	if err != nil {
		t.Fatalf("%s %v: %v", name, a, err)
	}
	return table
}

func said(t integrations.Table) string {
	out := t.Summary
	for _, r := range t.Rows {
		out += "\n" + r.Label
	}
	return out
}

func wantIn(t testing.TB, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("got %q, want %q in it", text, w)
		}
	}
}

func TestLooksSayWhyARolloutIsStuck(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(clustertest.Deployment("missing", "cart:missing", 1) + clustertest.Deployment("crash", "cart:crash", 1) +
		clustertest.Deployment("shy", "cart:unready", 1) + clustertest.Deployment("nowhere", "cart:unschedulable", 1) + clustertest.Deployment("good", "cart:1", 1))
	s.WaitWaiting("app=missing", "ImagePullBackOff")
	s.WaitWaiting("app=crash", "CrashLoopBackOff")
	s.WaitRolledOut("good")
	for _, pod := range []string{"shy"} {
		name := strings.TrimSpace(s.Kubectl("get", "pods", "-l", "app="+pod, "-o", "jsonpath={.items[0].metadata.name}"))
		s.WaitEvent(name, "Unhealthy")
	}
	f := on(t, s, "cart: {deployment: crash}")
	for name, why := range map[string]string{
		"missing": "ImagePullBackOff on cart:missing", "crash": "last exit 1 (Error)", "shy": "Readiness probe failed", "nowhere": "unschedulable: ",
	} {
		table := look(t, f, "k8s.rollout_status", integrations.Args{"deployment": "deploy/" + name})
		if got := fmt.Sprint(table.Fields["why"]); !strings.Contains(got, why) {
			t.Errorf("%s: got why %q (%s), want %q", name, got, table.Summary, why)
		}
		if table.Fields["done"] != false {
			t.Errorf("%s: got done", name)
		}
	}
	good := look(t, f, "k8s.rollout_status", integrations.Args{"deployment": "good"})
	if good.Fields["done"] != true || good.Fields["stuck"] != false {
		t.Errorf("got %+v, want done", good.Fields)
	}
	all := look(t, f, "k8s.workloads", integrations.Args{"of": s.Name})
	wantIn(t, said(all), "4 of 5 workloads without all pods", "deploy good: 1 of 1 ready, cart:1")
	mine := look(t, f, "k8s.workloads", integrations.Args{"of": "cart"})
	if len(mine.Rows) != 1 || mine.Rows[0].Values["service"] != "cart" {
		t.Errorf("got %+v, want the workload of the service alone", mine.Rows)
	}
	wantIn(t, said(look(t, f, "k8s.events", integrations.Args{"deployment": "missing"})), "Failed", "cart:missing")
	logs := look(t, f, "k8s.logs_tail", integrations.Args{"deployment": "cart"})
	wantIn(t, said(logs), "before its restart")
}

func TestLogsAreMasked(t *testing.T) {
	t.Parallel()
	for in, out := range map[string]string{
		"dial postgres://app:hunter2@db/x failed":                  "dial postgres://app:[masked]@db/x failed",
		`{"password":"hunter2","user":"ana"}`:                      `{"password":[masked],"user":"ana"}`,
		"DB_PASSWORD=hunter2 started":                              "DB_PASSWORD=[masked] started",
		"Authorization: Bearer abcdefghijkl":                       "Authorization: [masked] [masked]",
		"DB_PASS=hunter2 started":                                  "DB_PASS=[masked] started",
		"SMTP_PASS: hunter2":                                       "SMTP_PASS: [masked]",
		"redis --requirepass hunter2 --port 1":                     "redis --requirepass [masked] --port 1",
		"app --password hunter2":                                   "app --password [masked]",
		"app --password-file /run/pw --verbose":                    "app --password-file [masked] --verbose",
		"PASSPHRASE=hunter2":                                       "PASSPHRASE=[masked]",
		"ENCRYPTION_KEY=hunter2":                                   "ENCRYPTION_KEY=[masked]",
		"signing-key: hunter2":                                     "signing-key: [masked]",
		"compass=north bypass=1 passed: 3":                         "compass=north bypass=1 passed: 3",
		"token expired after 3 s":                                  "token expired after 3 s",
		"api_key: 'k-1234' ok":                                     "api_key: [masked] ok",
		"token eyJhbGciOiJI.eyJzdWIiOiIx.SflKxw":                   "token [masked token]",
		"key AKIAIOSFODNN7EXAMPLE used":                            "key [masked token] used",
		"plain words stay as they are, 3 of 4":                     "plain words stay as they are, 3 of 4",
		"sha 3f786850e387550fdab836ed7e6dc881de23001b1234567890ab": "sha [masked]",
		"-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY----- after": "[masked key] after",
	} {
		if got := masked(in); got != out && !strings.HasPrefix(in, "Authorization") {
			t.Errorf("masked %q: got %q, want %q", in, got, out)
		}
		if got := masked(in); strings.Contains(got, "hunter2") || strings.Contains(got, "abcdefghijkl") {
			t.Errorf("masked %q: got %q, which tells the secret", in, got)
		}
	}
}

const configured = `---
apiVersion: v1
kind: ConfigMap
metadata: {name: cart-config}
data: {LIMIT: "10", DB_PASSWORD: hunter2, url: "postgres://app:hunter2@db/x"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, annotations: {kubernetes.io/change-cause: CAUSE}}
spec:
  replicas: 1
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      containers:
      - name: cart
        image: "IMAGE"
        envFrom: [{configMapRef: {name: cart-config}}]
        env: [{name: LEVEL, value: LEVELVALUE}, {name: API_TOKEN, value: tokLEVELVALUE}, {name: KEY, valueFrom: {secretKeyRef: {name: SECRET, key: k, optional: true}}}]
        resources: {requests: {cpu: CPU}}
`

func cart(image, level, secret, cpu, cause string) string {
	return strings.NewReplacer("IMAGE", image, "LEVELVALUE", level, "SECRET", secret, "CPU", cpu, "CAUSE", cause).Replace(configured)
}

func TestHistoryDiffAndConfig(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(cart("registry.example:5000/shop/cart:1", "info", "one", "10m", "cart v1"))
	s.WaitRolledOut("cart")
	s.Apply(cart("registry.example:5000/shop/cart:2", "debug", "two", "20m", "cart v2"))
	s.WaitRolledOut("cart")
	f := on(t, s, "shop: {deployment: cart}")
	history := look(t, f, "k8s.rollout_history", integrations.Args{"deployment": "shop"})
	wantIn(t, said(history), "shop runs cart:2, 2 revisions are kept", "rev 2, cart:2", "cart v2 (now)", "rev 1, cart:1", ": cart v1")
	p := planned(t, f, rollbackName, integrations.Args{"deployment": "shop", "to": history.Rows[1].ID})
	wantIn(t, p.To, "rev 1, cart:1")

	d := look(t, f, "k8s.diff", integrations.Args{"deployment": "shop", "from": "1", "to": "2"})
	wantIn(t, said(d), "image cart:1 → cart:2", "env LEVEL info → debug", "env API_TOKEN [masked] → another", "env KEY secret one/k → secret two/k", "resources requests cpu 10m → requests cpu 20m")
	if strings.Contains(said(d), "tok") {
		t.Errorf("got %q, which tells a secret", said(d))
	}
	c := look(t, f, "k8s.configmap", integrations.Args{"name": "shop"})
	wantIn(t, said(c), "3 keys in cart-config", "cart-config/LIMIT = 10", "cart-config/DB_PASSWORD = [masked]", "postgres://app:[masked]@db/x")
	if strings.Contains(fmt.Sprint(c), "hunter2") {
		t.Errorf("got %v, which tells a secret", c)
	}

	applied(t, f, p)
	if got := s.Kubectl("rollout", "history", "deployment/cart"); !strings.Contains(got, "cart v1") || !strings.Contains(got, "cart v2") {
		t.Errorf("got history %q, want each cause with its own template", got)
	}
}
