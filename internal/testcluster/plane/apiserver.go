package plane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"github.com/spf13/pflag"
	"k8s.io/client-go/rest"
	basecompatibility "k8s.io/component-base/compatibility"
	"k8s.io/component-base/featuregate"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// issuer stands in the tokens of service accounts.
const issuer = "https://kubernetes.default.svc"

// flags are the command line that a kube-apiserver would get. What is not named
// is as shipped: all API groups, custom resources, priority and fairness.
func (k *keys) flags(dir, etcd string) []string {
	return []string{
		"--etcd-servers=" + etcd,
		"--authorization-mode=RBAC",
		"--anonymous-auth=false",
		"--client-ca-file=" + k.cert("ca"),
		"--tls-cert-file=" + k.cert("server"),
		"--tls-private-key-file=" + k.key("server"),
		"--cert-dir=" + filepath.Join(dir, "keys"),
		"--service-account-issuer=" + issuer,
		"--service-account-key-file=" + k.key("ca"),
		"--service-account-signing-key-file=" + k.key("ca"),
		"--kubelet-certificate-authority=" + k.cert("ca"),
		"--kubelet-client-certificate=" + k.cert("kubelet-client"),
		"--kubelet-client-key=" + k.key("kubelet-client"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-cluster-ip-range=10.96.0.0/16",
		// Loopback is refused as an address to advertise; this one is reserved
		// for documentation and, without a reconciler, written nowhere.
		"--advertise-address=192.0.2.1",
		"--endpoint-reconciler-type=none",
		// The node controller, which is not here, would take this taint away.
		"--disable-admission-plugins=TaintNodesByCondition",
		"--profiling=false",
	}
}

// apiserver prepares a server on the listener. The returned function runs it
// until its context ends.
func apiserver(ctx context.Context, listener net.Listener, flags []string) (func(context.Context) error, error) {
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	s := options.NewServerRunOptions()
	s.SecureServing.Listener = listener
	s.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port
	set := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, f := range s.Flags().FlagSets {
		set.AddFlagSet(f)
	}
	if err := set.Parse(flags); err != nil {
		return nil, fmt.Errorf("set up the API server: %w", err)
	}
	registry := s.GenericServerRunOptions.ComponentGlobalsRegistry
	if err := registry.Set(); err != nil {
		return nil, fmt.Errorf("set the features: %w", err)
	}
	gate := registry.FeatureGateFor(basecompatibility.DefaultKubeComponent)
	if err := logsapi.ValidateAndApply(s.Logs, gate); err != nil {
		return nil, fmt.Errorf("set up the log: %w", err)
	}
	completed, err := s.Complete(ctx)
	if err != nil {
		return nil, fmt.Errorf("complete the API server's options: %w", err)
	}
	if err := errors.Join(completed.Validate()...); err != nil {
		return nil, fmt.Errorf("check the API server's options: %w", err)
	}
	if gate, ok := gate.(featuregate.MutableFeatureGate); ok {
		gate.AddMetrics()
	}
	return func(ctx context.Context) error { return app.Run(ctx, completed) }, nil
}
