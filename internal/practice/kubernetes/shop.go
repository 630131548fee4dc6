package kubernetes

import (
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ShopNamespace is where the pretend shop runs.
const ShopNamespace = "prod"

// CI is the account of the shop's pipeline, Mayday the one that Mayday gets, and
// Li is somebody with kubectl.
const (
	CI     = "system:serviceaccount:ci:deployer"
	Mayday = "system:serviceaccount:mayday:mayday"
	Li     = "li@shop.example"
)

// ShopAccounts may do what their work needs, and no more.
func ShopAccounts() []Account {
	rule := func(group string, resources, verbs []string) Rule {
		return Rule{Namespace: ShopNamespace, PolicyRule: rbacv1.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: verbs}}
	}
	look := []string{"get", "list", "watch"}
	all := []string{"get", "list", "watch", "create", "update", "patch", "delete"}
	mine := []Rule{
		rule("apps", []string{"deployments", "statefulsets", "daemonsets"}, []string{"get", "list", "watch", "patch"}),
		rule("apps", []string{"replicasets", "controllerrevisions"}, look),
		rule("apps", []string{"deployments/scale", "statefulsets/scale"}, []string{"get", "patch", "update"}),
		rule("", []string{"pods", "pods/log", "events"}, look),
		rule("", []string{"pods"}, []string{"delete"}),
		rule("", []string{"pods/eviction"}, []string{"create"}),
		rule("", []string{"configmaps"}, []string{"get", "list", "patch"}),
		rule("batch", []string{"cronjobs"}, []string{"get", "list", "watch", "patch"}),
		rule("batch", []string{"jobs"}, look),
		rule("autoscaling", []string{"horizontalpodautoscalers"}, []string{"get", "list", "patch"}),
		rule("policy", []string{"poddisruptionbudgets"}, []string{"get", "list"}),
	}
	nodes := Rule{PolicyRule: rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"nodes"}, Verbs: []string{"get", "list", "patch"}}}
	people := []Rule{rule("", []string{"*"}, all), rule("apps", []string{"*"}, all), rule("batch", []string{"*"}, all), rule("autoscaling", []string{"*"}, all)}
	return []Account{
		{Name: Mayday, Rules: append(mine, nodes)},
		{Name: CI, Rules: []Rule{rule("apps", []string{"deployments"}, []string{"get", "list", "patch"})}},
		{Name: Li, Rules: people},
	}
}

// Shop is what runs in the pretend shop, with a past that ends at now: checkout
// had two deploys before, the others one.
func Shop(now time.Time) []Object {
	s := &shopFloor{now: now}
	s.deploy("checkout", 6, 38, "cart", "cart:1.9.6", "cart:1.9.7", "cart:1.9.8")
	s.deploy("search", 3, 16, "search", "search:3.4.0", "search:3.4.1")
	s.deploy("mailer", 3, 8, "mailer", "mailer:1.4.0", "mailer:1.4.1")
	s.deploy("importer", 2, 12, "importer", "importer:2.2.0", "importer:2.2.1")
	s.add(s.queue(), s.agent(), s.cron("invoices", "0 * * * *"), s.cron("cleanup", "*/10 * * * *"))
	s.add(s.config("checkout-config", map[string]string{"PAYMENT_TIMEOUT": "3s", "CURRENCY": "EUR"}))
	s.add(s.autoscaler("search", 2, 6), s.budget("checkout", 4))
	return s.objects
}

// shopFloor collects the objects of the shop.
type shopFloor struct {
	now     time.Time
	objects []Object
}

func (s *shopFloor) add(o ...Object) { s.objects = append(s.objects, o...) }

func (s *shopFloor) meta(name string, ago time.Duration) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Namespace: ShopNamespace, UID: newUID(), Labels: map[string]string{"app": name}, CreationTimestamp: metav1.NewTime(s.now.Add(-ago).Truncate(time.Second))}
}

const (
	day       = 24 * time.Hour
	lastTime  = 46 * time.Hour // since the last deploy of everything
	wholeLife = 90 * day
)

func podOf(app, container, image string) corev1.PodTemplateSpec {
	t := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}}}
	t.Spec.Containers = []corev1.Container{{Name: container, Image: image, Env: []corev1.EnvVar{{Name: "LOG_LEVEL", Value: "info"}}}}
	if app == "checkout" {
		from := corev1.LocalObjectReference{Name: "checkout-config"}
		t.Spec.Containers[0].EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: from}}}
	}
	fillPod(&t.Spec)
	return t
}

// deploy is a deployment of the last image, with replica sets of all of them.
func (s *shopFloor) deploy(name string, replicas int32, revision int, container string, images ...string) {
	two, none := intstr.FromInt32(2), intstr.FromInt32(0)
	d := &appsv1.Deployment{ObjectMeta: s.meta(name, wholeLife)}
	d.Spec.Replicas = &replicas
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: d.Labels}
	d.Spec.Strategy.RollingUpdate = &appsv1.RollingUpdateDeployment{MaxSurge: &two, MaxUnavailable: &none}
	d.Spec.Template = podOf(name, container, images[len(images)-1])
	fill(d)
	for n, image := range images {
		zero := int32(0)
		t := podOf(name, container, image)
		rs := replicaSetOf(d, t, templateHash(t))
		rs.UID = newUID()
		rs.CreationTimestamp = metav1.NewTime(s.now.Add(-lastTime - time.Duration(len(images)-1-n)*6*day).Truncate(time.Second))
		rs.Annotations = map[string]string{revisionNote: strconv.Itoa(revision + n), changeCause: image}
		rs.Spec.Replicas = &zero
		d.Annotations = rs.Annotations
		s.add(rs)
	}
	d.ManagedFields = s.by("ci", lastTime)
	s.add(d)
}

const changeCause = "kubernetes.io/change-cause"

// by says who changed the template last.
func (s *shopFloor) by(manager string, ago time.Duration) []metav1.ManagedFieldsEntry {
	at := metav1.NewTime(s.now.Add(-ago).Truncate(time.Second))
	fields := `{"f:spec":{"f:template":{"f:spec":{"f:containers":{}}}}}`
	return []metav1.ManagedFieldsEntry{{
		Manager: manager, Operation: metav1.ManagedFieldsOperationUpdate, APIVersion: "apps/v1", Time: &at, FieldsType: "FieldsV1", FieldsV1: metav1.NewFieldsV1(fields),
	}}
}

func (s *shopFloor) queue() Object {
	three := int32(3)
	q := &appsv1.StatefulSet{ObjectMeta: s.meta("rabbitmq", wholeLife)}
	q.Spec.Replicas, q.Spec.ServiceName = &three, "rabbitmq"
	q.Spec.Selector = &metav1.LabelSelector{MatchLabels: q.Labels}
	q.Spec.Template = podOf("rabbitmq", "rabbitmq", "rabbitmq:3.13.7")
	q.ManagedFields = s.by("helm", 30*day)
	return q
}

func (s *shopFloor) agent() Object {
	d := &appsv1.DaemonSet{ObjectMeta: s.meta("log-agent", wholeLife)}
	d.Spec.Selector = &metav1.LabelSelector{MatchLabels: d.Labels}
	d.Spec.Template = podOf("log-agent", "agent", "log-agent:4.1.0")
	return d
}

func (s *shopFloor) cron(name, schedule string) Object {
	j := &batchv1.CronJob{ObjectMeta: s.meta(name, wholeLife)}
	last := metav1.NewTime(s.now.Truncate(10 * time.Minute))
	j.Spec.Schedule, j.Status.LastScheduleTime = schedule, &last
	j.Spec.JobTemplate.Spec.Template = podOf(name, name, name+":1.0.3")
	j.Spec.JobTemplate.Spec.Template.Spec.RestartPolicy = corev1.RestartPolicyNever
	return j
}

func (s *shopFloor) config(name string, data map[string]string) Object {
	c := &corev1.ConfigMap{ObjectMeta: s.meta(name, 20*day), Data: data}
	return c
}

func (s *shopFloor) autoscaler(of string, least, most int32) Object {
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: s.meta(of, wholeLife)}
	h.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: deployments.kind, Name: of}
	h.Spec.MinReplicas, h.Spec.MaxReplicas = &least, most
	return h
}

func (s *shopFloor) budget(of string, least int32) Object {
	b := &policyv1.PodDisruptionBudget{ObjectMeta: s.meta(of, wholeLife)}
	n := intstr.FromInt32(least)
	b.Spec.MinAvailable = &n
	b.Spec.Selector = &metav1.LabelSelector{MatchLabels: b.Labels}
	return b
}
