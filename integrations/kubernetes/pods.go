package kubernetes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"mayday/integrations"
)

// ending is one of the two ways to end a pod.
type ending struct {
	action, summary, verb string
	evict                 bool // by the Eviction API, which heeds disruption budgets
}

var (
	evicting = ending{action: "k8s.evict_pod", summary: "Evict a pod, heeding disruption budgets", verb: "Evict", evict: true}
	deleting = ending{action: "k8s.delete_pod", summary: "Delete a pod, whatever disruption budgets say", verb: "Delete"}
)

const keyServes = "serves"

// podSettle is how long a pod may take to end.
const podSettle = 2 * time.Minute

func (f *fleet) podActs() []integrations.Action {
	var out []integrations.Action
	for _, e := range []ending{evicting, deleting} {
		a := integrations.Action{
			Name: e.action, Summary: e.summary, Grade: integrations.GradeChange, Version: 1, Settle: podSettle,
			Params: []integrations.Field{{Name: "pod", Kind: integrations.Text, Required: true, Say: "a pod: web-6d9f-x2x, shop/web-6d9f-x2x, prod:shop/web-6d9f-x2x"}, clusterField},
			Checks: []string{"what makes it anew", "disruption budgets", "rights for exactly this object", "dry run of the very request"},
			Back:   "none: its controller makes another one",
			Rights: "get on pods, create on pods/eviction; policy: list on poddisruptionbudgets",
			Plan: func(ctx context.Context, a integrations.Args) (integrations.Plan, error) {
				return f.planEnding(ctx, e, a)
			},
			Apply: func(ctx context.Context, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
				return f.applyEnding(ctx, e, p, keep)
			},
			Probe: func(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
				return f.probeEnding(ctx, p)
			},
		}
		if !e.evict {
			a.Grade, a.Rights = integrations.GradeDanger, "get, delete on pods"
			a.Checks = []string{"what makes it anew", "rights for exactly this object", "dry run of the very request"}
		}
		out = append(out, a)
	}
	return out
}

func (f *fleet) planEnding(ctx context.Context, e ending, a integrations.Args) (integrations.Plan, error) {
	o, err := f.locate(ctx, a, a.Text("pod"), podObjects)
	if err != nil {
		return integrations.Plan{}, err
	}
	u, err := o.get(ctx)
	if isNotFound(err) {
		return integrations.Plan{
			Action: e.action, Version: 1, Grade: integrations.GradeChange, Target: o.id(), Subject: o.name, Env: o.cluster.own.Env,
			Title: e.verb + " pod " + o.name + o.where(), Gone: "pod " + o.name + " is gone already",
		}, nil
	}
	if err != nil {
		return integrations.Plan{}, byHand(err, o.command("get", o.ref()))
	}
	pod, err := into[core.Pod](u)
	if err != nil {
		return integrations.Plan{}, err
	}
	p := o.outline(e.action, u, map[string]any{"pod": o.at()})
	p.Title, p.Many = e.verb+" pod "+o.name+o.where(), e.verb+" %d pods"+o.where()
	p.Record[keyUID] = string(pod.UID)
	if pod.DeletionTimestamp != nil {
		p.Gone = "pod " + o.name + " is ending already, since " + clock(pod.DeletionTimestamp.Time, time.Now())
		return p, nil
	}
	p.From, p.To = podWords(*pod), "ended"
	maker := metav1.GetControllerOf(pod)
	p.NoUndo = "This cannot be undone: the pod ends."
	if maker != nil {
		p.To = "ended; " + lowerKind(maker.Kind) + " " + shown(maker.Name, 60) + " makes another one"
	}
	switch {
	case maker == nil:
		p.Grade, p.Details = integrations.GradeDanger, append(p.Details, "nothing makes it anew: it belongs to no workload")
	case !e.evict:
		p.Grade = integrations.GradeDanger
	case ready(*pod):
		p.Grade, p.Details = integrations.GradeDanger, append(p.Details, "it serves at this moment")
	default:
		p.Pre[keyServes] = "no" // that is why it is no danger, so it has to stay so
	}
	if seconds := pod.Spec.TerminationGracePeriodSeconds; seconds != nil {
		p.Details = append(p.Details, fmt.Sprintf("it has %d s to end by itself", *seconds))
	}
	p.Command = o.endCommand(e, pod.UID)
	p.Checks = slices.Concat(o.cluster.may(ctx, e.access(o)), []integrations.Check{e.rehearse(ctx, o, pod)})
	return p, nil
}

func lowerKind(kind string) string {
	if k, ok := kindOf(strings.ToLower(kind)); ok {
		return k.word
	}
	if kind == "ReplicaSet" {
		return "replica set"
	}
	return shown(kind, 30)
}

// podWords says how a pod fares.
func podWords(pod core.Pod) string {
	text := "running, does not serve"
	switch t := troubleOf(pod, time.Now()); {
	case t != nil:
		text = t.text
	case ready(pod):
		text = "serving"
	case pod.Status.Phase != core.PodRunning:
		text = shown(string(pod.Status.Phase), 20)
	}
	return text + " on " + shown(pod.Spec.NodeName, 60) + ", " + ageText(time.Since(pod.CreationTimestamp.Time)) + " old"
}

func (e ending) access(o object) access {
	if e.evict {
		return o.access("create", "eviction")
	}
	return o.access("delete", "")
}

// body is the request with the precondition that the pod is still that one.
func (e ending) body(o object, uid types.UID, dry bool) any {
	options := metav1.DeleteOptions{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "DeleteOptions"}, Preconditions: &metav1.Preconditions{UID: &uid}}
	if e.evict {
		options.TypeMeta = metav1.TypeMeta{}
		return policy.Eviction{
			TypeMeta: metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"}, ObjectMeta: metav1.ObjectMeta{Name: o.name, Namespace: o.namespace}, DeleteOptions: &options,
		}
	}
	if dry {
		options.DryRun = []string{metav1.DryRunAll}
	}
	return options
}

func (e ending) send(ctx context.Context, o object, uid types.UID, dry bool) error {
	raw, err := json.Marshal(e.body(o, uid, dry))
	if err != nil {
		return fmt.Errorf("write the request: %w", err)
	}
	_, err = o.cluster.change(ctx, change{access: e.access(o), body: raw, dry: dry})
	return err
}

// endCommand carries the uid, so that a repetition does not end the pod after it.
func (o object) endCommand(e ending, uid types.UID) string {
	path := "/api/v1/namespaces/" + o.namespace + "/pods/" + o.name
	verb := "delete"
	if e.evict {
		path, verb = path+"/eviction", "create"
	}
	return "echo " + jsonText(e.body(o, uid, false)) + " | " + o.command(verb, "--raw", path, "-f", "-")
}

func (e ending) rehearse(ctx context.Context, o object, pod *core.Pod) integrations.Check {
	err := e.send(ctx, o, pod.UID, true)
	if budgetSays(err) {
		return integrations.Check{Text: "a disruption budget does not allow it now" + o.budgets(ctx, pod), Answer: integrations.No, Code: "E8"}
	}
	return rehearsed(err)
}

// budgetSays reports whether an eviction was refused by a disruption budget.
func budgetSays(err error) bool {
	var status *apierrors.StatusError
	if !errors.As(err, &status) || status.ErrStatus.Code != 429 || status.ErrStatus.Details == nil {
		return false // a server that is only busy says 429 as well
	}
	return slices.ContainsFunc(status.ErrStatus.Details.Causes, func(c metav1.StatusCause) bool { return c.Type == policy.DisruptionBudgetCause })
}

// budgets names the disruption budgets of a pod, and what they allow.
func (o object) budgets(ctx context.Context, pod *core.Pod) string {
	list, err := read(ctx, o.cluster, access{verb: "list", group: "policy", resource: "poddisruptionbudgets", namespace: o.namespace},
		func(ctx context.Context, k *clients) (*policy.PodDisruptionBudgetList, error) {
			return k.policy.PodDisruptionBudgets(o.namespace).List(ctx, metav1.ListOptions{})
		})
	if err != nil {
		return ""
	}
	var out []string
	for _, b := range list.Items {
		s, err := metav1.LabelSelectorAsSelector(b.Spec.Selector)
		if err == nil && s.Matches(labels.Set(pod.Labels)) {
			out = append(out, fmt.Sprintf("%s wants %d healthy of %d, %d are", shown(b.Name, 60), b.Status.DesiredHealthy, b.Status.ExpectedPods, b.Status.CurrentHealthy))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + joined(out)
}

func (f *fleet) applyEnding(ctx context.Context, e ending, p integrations.Plan, keep integrations.Keep) (integrations.Receipt, error) {
	o, err := f.objectOf(ctx, podObjects, p.Record)
	if err != nil {
		return integrations.Receipt{}, err
	}
	u, err := o.get(ctx)
	switch {
	case isNotFound(err):
		return integrations.Receipt{}, &integrations.Stale{Code: "E18", Diff: "pod " + o.name + " is gone"}
	case err != nil:
		return integrations.Receipt{}, byHand(err, p.Command)
	case string(u.GetUID()) != p.Pre[keyUID]:
		return integrations.Receipt{}, &integrations.Stale{Code: "E10", Diff: "pod " + o.name + " was deleted and made anew, " + clock(u.GetCreationTimestamp().Time, time.Now())}
	case u.GetDeletionTimestamp() != nil:
		return integrations.Receipt{}, &integrations.Stale{Code: "E18", Diff: "pod " + o.name + " is ending already"}
	}
	pod, err := into[core.Pod](u)
	if err != nil {
		return integrations.Receipt{}, err
	}
	if p.Pre[keyServes] == "no" && ready(*pod) {
		return integrations.Receipt{}, &integrations.Stale{Code: "E10", Diff: "pod " + o.name + " serves now"}
	}
	if err := sent(keep); err != nil {
		return integrations.Receipt{}, err
	}
	err = e.send(ctx, o, pod.UID, false)
	if budgetSays(err) {
		return integrations.Receipt{}, &integrations.Rejected{
			Code: "E8", Why: "A disruption budget does not allow it now" + o.budgets(ctx, pod) + ".", Fix: "Wait until more pods serve; k8s.delete_pod does not ask the budget.", Err: err,
		}
	}
	if err != nil {
		return integrations.Receipt{}, byHand(err, p.Command)
	}
	return integrations.Receipt{Text: "pod " + o.name + " ends"}, nil
}

// probeEnding cannot know who ended a pod, and need not: it is gone.
func (f *fleet) probeEnding(ctx context.Context, p integrations.Plan) (integrations.Evidence, error) {
	o, err := f.objectOf(ctx, podObjects, p.Record)
	if err != nil {
		return integrations.Evidence{}, err
	}
	u, err := o.get(ctx)
	switch {
	case isNotFound(err):
		return integrations.Evidence{Text: "pod " + o.name + " is gone", Applied: integrations.Yes, Settled: true}, nil
	case err != nil:
		return integrations.Evidence{}, err
	case string(u.GetUID()) != p.Pre[keyUID]:
		return integrations.Evidence{Text: "pod " + o.name + " is another one since " + clock(u.GetCreationTimestamp().Time, time.Now()), Applied: integrations.Yes, Settled: true}, nil
	case u.GetDeletionTimestamp() != nil:
		return integrations.Evidence{Text: "pod " + o.name + " is ending, since " + clock(u.GetDeletionTimestamp().Time, time.Now()), Applied: integrations.Yes}, nil
	}
	return integrations.Evidence{Text: "pod " + o.name + " is there and is not told to end", Applied: integrations.No}, nil
}
