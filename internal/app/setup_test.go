package app

import (
	"strings"
	"testing"

	"mayday/internal/config"
	"mayday/internal/fault"
)

const twoClusters = `
connect:
  k8s:
    eu: {kubeconfig: /nowhere}
    us: {kubeconfig: /nowhere}
services:
  checkout:
    migrations: none
    k8s: [{cluster: eu, namespace: shop, deployment: checkout}, {cluster: us, namespace: shop, deployment: checkout}]
`

func TestRightsAreMadeFromTheServices(t *testing.T) {
	f, err := config.Parse("mayday.yaml", []byte(twoClusters))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Rights(&out, f, config.Env{}, "k8s", "eu"); err != nil {
		t.Fatal(err)
	}
	if want := "- {apiGroups: [apps], resources: [deployments], resourceNames: [checkout], verbs: [patch]}"; !strings.Contains(out.String(), want) {
		t.Errorf("got %s, want %s in it", out.String(), want)
	}
	for name, only := range map[string]string{"k8s": "", "postgres": "", "nothing": ""} {
		out.Reset()
		if err := Rights(&out, f, config.Env{}, name, only); !fault.HasCode(err, "E24") || out.Len() > 0 {
			t.Errorf("%s: got %v and %q, want E24 and nothing printed", name, err, out.String())
		}
	}
}
