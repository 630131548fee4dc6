package app

import (
	"encoding/base64"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mayday/internal/clustertest"
	"mayday/internal/config"
)

// applying is held by whoever applies: the account is the same for all tests.
var applying sync.Mutex

// granted applies a text of rights as it is, and answers a kubeconfig of the
// account that it makes.
func (s *clusterStage) granted(rights string) string {
	s.t.Helper()
	s.file("rights.yaml", rights)
	applying.Lock()
	s.typed("kubectl apply -f " + filepath.Join(s.dir, "rights.yaml"))
	applying.Unlock()
	path := filepath.Join(s.dir, "own-kubeconfig")
	token := strings.TrimSpace(s.space.Kubectl("-n", "mayday", "create", "token", "mayday"))
	s.file("own-kubeconfig", ownKubeconfig(s.space, token))
	return path
}

func ownKubeconfig(space *clustertest.Space, token string) string {
	c := space.Config()
	return "apiVersion: v1\nkind: Config\ncurrent-context: own\nclusters: [{name: own, cluster: {server: '" + c.Host + "', certificate-authority-data: " + base64.StdEncoding.EncodeToString(c.CAData) +
		"}}]\nusers: [{name: own, user: {token: " + token + "}}]\ncontexts: [{name: own, context: {cluster: own, user: own}}]\n"
}

// as goes on with the account that a text of rights makes.
func (s *clusterStage) as(rights string) {
	s.t.Helper()
	path := s.granted(rights)
	s.stop()
	s.text = strings.Replace(strings.Replace(s.text, ", allow_cluster_admin: true", "", 1), s.space.Kubeconfig(), path, 1)
	s.start()
}

// TestKubernetesDocumentedRoleIsEnough does everything with what
// `mayday setup k8s --print-rbac` prints and nothing more.
func TestKubernetesDocumentedRoleIsEnough(t *testing.T) {
	t.Parallel()
	space := clustertest.New(t)
	deployed(space, workloadKinds[0], "web:2")
	space.Kubectl("rollout", "status", "deployment/web", "--timeout=60s")
	s := newClusterStage(t, space, clusterOptions{})
	s.as(s.rights())
	if err := s.refusal(); err != nil {
		t.Errorf("got %v, want no objection to a narrow account", err)
	}
	s.suspectIsFirst()
	s.putBack()
	s.takenBackAndForward()
	s.say("ana", "run scale service=checkout replicas=3")
	s.confirm()
	s.complete()
	if got := s.replicas("web"); got != 3 {
		t.Errorf("got %d pods wanted, want 3", got)
	}
	s.press("ana", "undo")
	s.confirm()
	s.complete()
	if got := s.replicas("web"); got != 2 {
		t.Errorf("got %d pods wanted, want the 2 of before", got)
	}
	s.whole()
}

// TestKubernetesMissingRightIsNamed takes one verb of the documented Role away.
// The exact rule is named before anything happens.
func TestKubernetesMissingRightIsNamed(t *testing.T) {
	for name, one := range map[string]struct{ was, is, run, rule string }{
		"patch a deployment": {
			"- {apiGroups: [apps], resources: [deployments], resourceNames: [importer, mailer, web], verbs: [patch]} #", "#",
			"run rollback service=checkout", "- {apiGroups: [apps], resources: [deployments], resourceNames: [web], verbs: [patch]}",
		},
		"patch its scale": {
			"resources: [deployments/scale], resourceNames: [importer, mailer, web], verbs: [get, patch]", "resources: [deployments/scale], resourceNames: [importer, mailer, web], verbs: [get]",
			"run scale service=checkout replicas=3", "- {apiGroups: [apps], resources: [deployments/scale], resourceNames: [web], verbs: [patch]}",
		},
		"list its history": {
			"daemonsets, replicasets, controllerrevisions]", "daemonsets, controllerrevisions]",
			"run rollback service=checkout", "- {apiGroups: [apps], resources: [replicasets], verbs: [list]}",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			space := clustertest.New(t)
			deployed(space, workloadKinds[0], "web:2")
			space.Kubectl("rollout", "status", "deployment/web", "--timeout=60s")
			s := newClusterStage(t, space, clusterOptions{})
			rights := s.rights()
			if !strings.Contains(rights, one.was) {
				t.Fatalf("the rights have no %q:\n%s", one.was, rights)
			}
			s.as(strings.Replace(rights, one.was, one.is, 1))
			s.open()
			before := space.Kubectl("get", "deployment/web", "-o", "jsonpath={.metadata.generation}")
			answer := s.say("ana", one.run)
			all := answer.Text + texts(s.thread())
			s.wants("what is said", all, one.rule)
			if strings.Contains(all, "Internal error") {
				t.Errorf("a missing right is no internal error:\n%s", all)
			}
			for _, step := range s.inc().Steps {
				if step.State.WaitsForPress() {
					t.Errorf("%s waits to be pressed", step.Plan.Title)
				}
			}
			if after := space.Kubectl("get", "deployment/web", "-o", "jsonpath={.metadata.generation}"); after != before {
				t.Errorf("the deployment is at generation %s, was at %s", after, before)
			}
		})
	}
}

// refusal is what the integration says against serving with this account.
func (s *clusterStage) refusal() error {
	s.t.Helper()
	set, err := read(s.parsed(), config.Env{})
	if err != nil {
		s.t.Fatal(err)
	}
	for _, i := range outside {
		if i.Name != "k8s" {
			continue
		}
		parts, err := i.New(section(set.file, i), slog.New(slog.DiscardHandler))
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(parts.Close)
		return errors.Join(parts.Adopt(set.servicesFor(i.Name)), parts.Refuse(s.t.Context()))
	}
	s.t.Fatal("there is no k8s")
	return nil
}

// TestKubernetesClusterAdminIsObjectedTo: an account that may do everything is
// refused and objected to, unless the configuration says that it is wanted.
func TestKubernetesClusterAdminIsObjectedTo(t *testing.T) {
	t.Parallel()
	s := newClusterStage(t, clustertest.New(t), clusterOptions{})
	findings := func() (bad, warned bool) {
		t.Helper()
		all, err := Doctor(t.Context(), s.parsed(), config.Env{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if strings.Contains(f.Text, "my account may do everything") {
				bad, warned = bad || !f.OK && !f.Warn, warned || f.Warn
			}
		}
		return bad, warned
	}
	if err := s.refusal(); err != nil {
		t.Errorf("got %v, want that it is allowed where the configuration says so", err)
	}
	if bad, warned := findings(); bad || !warned {
		t.Errorf("doctor objects %v, warns %v, want a warning", bad, warned)
	}
	s.text = strings.Replace(s.text, ", allow_cluster_admin: true", "", 1)
	if err := s.refusal(); err == nil || !strings.Contains(err.Error(), "cluster-admin") {
		t.Errorf("got %v, want cluster-admin refused", err)
	}
	if bad, _ := findings(); !bad {
		t.Error("doctor does not object to cluster-admin")
	}
}
