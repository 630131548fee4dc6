package clustertest

import (
	"path/filepath"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// Account is a service account with its own way in.
type Account struct {
	// Config is the account's; change what you like.
	Config *rest.Config
	// Kubeconfig is the path of a file that holds the same, in the test's namespace.
	Kubeconfig string
}

// Account makes a service account that may do in the test's namespace what the
// rules say, and nothing else.
func (s *Space) Account(name string, rules ...rbacv1.PolicyRule) *Account {
	s.tb.Helper()
	meta := metav1.ObjectMeta{Name: name, Namespace: s.Name}
	s.applyTyped("ServiceAccount", "v1", &metav1.PartialObjectMetadata{ObjectMeta: meta})
	s.applyTyped("Role", rbacv1.SchemeGroupVersion.String(), &rbacv1.Role{ObjectMeta: meta, Rules: rules})
	s.applyTyped("RoleBinding", rbacv1.SchemeGroupVersion.String(), &rbacv1.RoleBinding{
		ObjectMeta: meta,
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: s.Name}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
	})
	config := rest.AnonymousClientConfig(s.cluster.config)
	config.QPS, config.BearerToken = -1, s.token(name)
	return &Account{Config: config, Kubeconfig: s.kubeconfig(name, config)}
}

func (s *Space) applyTyped(kind, version string, object any) {
	s.tb.Helper()
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		s.tb.Fatalf("write a %s: %v", kind, err)
	}
	u := &unstructured.Unstructured{Object: fields}
	u.SetKind(kind)
	u.SetAPIVersion(version)
	if err := s.apply(u); err != nil {
		s.tb.Fatalf("apply %s: %v", kind, err)
	}
}

// token asks the API server for one, as a pod's would be.
func (s *Space) token(account string) string {
	s.tb.Helper()
	request := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
		"metadata": map[string]any{"name": account},
		"spec":     map[string]any{"expirationSeconds": int64(3600)},
	}}
	answer, err := s.cluster.client.Resource(accounts).Namespace(s.Name).Create(s.tb.Context(), request, metav1.CreateOptions{}, "token")
	if err != nil {
		s.tb.Fatalf("ask for a token: %v", err)
	}
	token, _, err := unstructured.NestedString(answer.Object, "status", "token")
	if err != nil || token == "" {
		s.tb.Fatalf("got no token: %v", err)
	}
	return token
}

func (s *Space) kubeconfig(name string, config *rest.Config) string {
	s.tb.Helper()
	path := filepath.Join(s.tb.TempDir(), "kubeconfig")
	err := clientcmd.WriteToFile(clientcmdapi.Config{
		Clusters:       map[string]*clientcmdapi.Cluster{name: {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*clientcmdapi.AuthInfo{name: {Token: config.BearerToken}},
		Contexts:       map[string]*clientcmdapi.Context{name: {Cluster: name, AuthInfo: name, Namespace: s.Name}},
		CurrentContext: name,
	}, path)
	if err != nil {
		s.tb.Fatalf("write a kubeconfig: %v", err)
	}
	return path
}

// KubectlPath is the kubectl that `make testcluster` has built.
func KubectlPath(tb testing.TB) string {
	tb.Helper()
	path, err := built("kubectl")
	if err != nil {
		tb.Fatal(err)
	}
	return path
}
