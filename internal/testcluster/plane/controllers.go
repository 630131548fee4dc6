package plane

import (
	"context"
	"fmt"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/util/flowcontrol"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/controller-manager/pkg/informerfactory"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/controller/cronjob"
	"k8s.io/kubernetes/pkg/controller/daemon"
	"k8s.io/kubernetes/pkg/controller/deployment"
	"k8s.io/kubernetes/pkg/controller/disruption"
	"k8s.io/kubernetes/pkg/controller/garbagecollector"
	"k8s.io/kubernetes/pkg/controller/job"
	"k8s.io/kubernetes/pkg/controller/namespace"
	"k8s.io/kubernetes/pkg/controller/podautoscaler"
	"k8s.io/kubernetes/pkg/controller/podautoscaler/metrics"
	"k8s.io/kubernetes/pkg/controller/replicaset"
	saccount "k8s.io/kubernetes/pkg/controller/serviceaccount"
	"k8s.io/kubernetes/pkg/controller/statefulset"
	"k8s.io/kubernetes/pkg/serviceaccount"
	resourceclient "k8s.io/metrics/pkg/client/clientset/versioned/typed/metrics/v1beta1"
	"k8s.io/metrics/pkg/client/custom_metrics"
	"k8s.io/metrics/pkg/client/external_metrics"
)

const (
	workers = 3
	// The real ones look again every 15 and 30 seconds, which no test waits for.
	hpaEvery = time.Second
	gcEvery  = 2 * time.Second
)

// manager is what kube-controller-manager would be: it collects controllers and
// then runs them all.
type manager struct {
	client    kubernetes.Interface
	meta      metadata.Interface
	scales    scale.ScalesGetter
	mapper    *restmapper.DeferredDiscoveryRESTMapper
	informers informers.SharedInformerFactory
	metaInf   metadatainformer.SharedInformerFactory
	runs      []func(context.Context)
}

// startControllers runs every controller until ctx ends. The API server must
// answer already, because some of them ask it what there is.
func startControllers(ctx context.Context, config *rest.Config, k *keys) error {
	m, err := newManager(config)
	if err != nil {
		return fmt.Errorf("prepare the controllers: %w", err)
	}
	for _, collect := range []func() error{
		func() error { return m.workloads(ctx) },
		func() error { return m.accounts(ctx, k) },
		func() error { return m.autoscaling(ctx, config) },
		func() error { return m.collection(ctx) },
	} {
		if err := collect(); err != nil {
			return fmt.Errorf("prepare the controllers: %w", err)
		}
	}
	m.informers.Start(ctx.Done())
	m.metaInf.Start(ctx.Done())
	for _, run := range m.runs {
		go run(ctx)
	}
	m.informers.WaitForCacheSync(ctx.Done())
	return nil
}

func newManager(config *rest.Config) (*manager, error) {
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	meta, err := metadata.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(client.Discovery()))
	kinds := scale.NewDiscoveryScaleKindResolver(client.Discovery())
	scales, err := scale.NewForConfig(config, mapper, dynamic.LegacyAPIPathResolverFunc, kinds)
	if err != nil {
		return nil, err
	}
	return &manager{
		client: client, meta: meta, scales: scales, mapper: mapper,
		informers: informers.NewSharedInformerFactory(client, 0),
		metaInf:   metadatainformer.NewSharedInformerFactory(meta, 0),
	}, nil
}

func (m *manager) add(run func(ctx context.Context, workers int)) {
	m.runs = append(m.runs, func(ctx context.Context) { run(ctx, workers) })
}

func (m *manager) workloads(ctx context.Context) error {
	apps, batch, core := m.informers.Apps().V1(), m.informers.Batch().V1(), m.informers.Core().V1()
	deployments, err := deployment.NewDeploymentController(ctx, apps.Deployments(), apps.ReplicaSets(), core.Pods(), m.client)
	if err != nil {
		return err
	}
	daemons, err := daemon.NewDaemonSetsController(ctx, apps.DaemonSets(), apps.ControllerRevisions(), core.Pods(), core.Nodes(),
		m.client, flowcontrol.NewBackOff(time.Second, time.Minute))
	if err != nil {
		return err
	}
	jobs, err := job.NewController(ctx, core.Pods(), batch.Jobs(), m.client)
	if err != nil {
		return err
	}
	cronjobs, err := cronjob.NewControllerV2(ctx, batch.Jobs(), batch.CronJobs(), m.client)
	if err != nil {
		return err
	}
	sets := statefulset.NewStatefulSetController(ctx, core.Pods(), apps.StatefulSets(), core.PersistentVolumeClaims(), apps.ControllerRevisions(), m.client)
	replicas := replicaset.NewReplicaSetController(ctx, apps.ReplicaSets(), core.Pods(), m.client, replicaset.BurstReplicas)
	budgets := disruption.NewDisruptionController(ctx, core.Pods(), m.informers.Policy().V1().PodDisruptionBudgets(), core.ReplicationControllers(),
		apps.ReplicaSets(), apps.Deployments(), apps.StatefulSets(), m.client, m.mapper, m.scales, m.client.Discovery())
	for _, run := range []func(context.Context, int){deployments.Run, daemons.Run, jobs.Run, cronjobs.Run, sets.Run, replicas.Run} {
		m.add(run)
	}
	m.runs = append(m.runs, budgets.Run)
	return nil
}

// accounts gives each namespace its default service account, and each secret
// that asks for a token one.
func (m *manager) accounts(ctx context.Context, k *keys) error {
	core := m.informers.Core().V1()
	accounts, err := saccount.NewServiceAccountsController(core.ServiceAccounts(), core.Namespaces(), m.client, saccount.DefaultServiceAccountsControllerOptions())
	if err != nil {
		return err
	}
	key, err := keyutil.PrivateKeyFromFile(k.key("ca"))
	if err != nil {
		return err
	}
	generator, err := serviceaccount.JWTTokenGenerator(serviceaccount.LegacyIssuer, key)
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(k.cert("ca"))
	if err != nil {
		return err
	}
	tokens, err := saccount.NewTokensController(klog.FromContext(ctx), core.ServiceAccounts(), core.Secrets(), m.client,
		saccount.TokensControllerOptions{TokenGenerator: generator, RootCA: ca})
	if err != nil {
		return err
	}
	m.add(accounts.Run)
	m.add(tokens.Run)
	return nil
}

// autoscaling asks for metrics as the real one does, and is told that there is
// no such API: ScalingActive is False, the bounds hold all the same.
func (m *manager) autoscaling(ctx context.Context, config *rest.Config) error {
	resources, err := resourceclient.NewForConfig(config)
	if err != nil {
		return err
	}
	external, err := external_metrics.NewForConfig(config)
	if err != nil {
		return err
	}
	custom := custom_metrics.NewForConfig(config, m.mapper, custom_metrics.NewAvailableAPIsGetter(m.client.Discovery()))
	hpa := podautoscaler.NewHorizontalController(ctx, m.client.CoreV1(), m.scales, m.client.AutoscalingV2(), m.mapper,
		metrics.NewRESTMetricsClient(resources, custom, external), m.informers.Autoscaling().V2().HorizontalPodAutoscalers(),
		m.informers.Core().V1().Pods(), hpaEvery, time.Minute, 0.1, time.Minute, 30*time.Second)
	m.add(hpa.Run)
	return nil
}

// collection is what deletes: the namespaces' contents and what has lost its owner.
func (m *manager) collection(ctx context.Context) error {
	discovery := m.client.Discovery()
	spaces := namespace.NewNamespaceController(ctx, m.client, m.meta, discovery.ServerPreferredNamespacedResources,
		m.informers.Core().V1().Namespaces(), time.Minute, corev1.FinalizerKubernetes)
	started := make(chan struct{})
	close(started)
	gc, err := garbagecollector.NewGarbageCollector(ctx, m.client, m.meta, m.mapper, garbagecollector.DefaultIgnoredResources(),
		informerfactory.NewInformerFactory(m.informers, m.metaInf), started)
	if err != nil {
		return err
	}
	m.add(spaces.Run)
	m.runs = append(m.runs,
		func(ctx context.Context) { gc.Run(ctx, workers, gcEvery) },
		func(ctx context.Context) { gc.Sync(ctx, discovery, gcEvery) })
	return nil
}
