package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"

	"mayday/integrations"
)

// situation is a workload with what belongs to it, read at about one time.
type situation struct {
	workload
	revisions []revision
	pods      []core.Pod
	at        time.Time
}

// survey reads a workload, its history and its pods.
func (p place) survey(ctx context.Context) (situation, error) {
	w, err := p.inspect(ctx)
	if err != nil {
		return situation{}, err
	}
	s := situation{workload: w, at: time.Now()}
	var both sync.WaitGroup
	var historyErr, podsErr error
	both.Go(func() { s.revisions, historyErr = w.history(ctx) })
	both.Go(func() { s.pods, podsErr = w.pods(ctx) })
	both.Wait()
	if historyErr != nil {
		return s, historyErr
	}
	return s, podsErr
}

// verdict is how a rollout stands.
type verdict struct {
	done  bool
	stuck string // why it will not become done by itself, "" while it may
	text  string // "4 of 6 pods new, 0 failing"
	world string // "3 pods rev 40, 3 pods rev 41, all serving"
}

// verdict judges a rollout by the rules of `kubectl rollout status`, and by what
// the pods say: those know sooner why it will not end.
func (s situation) verdict() verdict {
	p := s.progress
	seen := p.observed >= p.generation
	fresh, failing, lasting := s.fresh()
	v := verdict{
		text:  fmt.Sprintf("%d of %d pods new, %d failing", min(int(p.updated), fresh), p.desired, failing),
		world: s.world(),
	}
	if !seen {
		v.text = fmt.Sprintf("0 of %d pods new, the controller has not begun", p.desired)
		return v
	}
	v.done = s.complete()
	if v.done {
		v.text = fmt.Sprintf("%d of %d pods new, all serving", p.updated, p.desired)
		return v
	}
	v.stuck = s.stuck(lasting)
	return v
}

// complete is done by the rules of kubectl, once the controller has seen the
// newest generation.
func (s situation) complete() bool {
	p := s.progress
	if p.observed < p.generation {
		return false
	}
	switch {
	case s.onDelete:
		return true // nothing rolls by itself; what there is to say is said in words
	case s.paused:
		return false
	case s.kind.resource == statefulSets.resource:
		if p.partition > 0 {
			return p.updated >= p.desired-p.partition && p.ready >= p.desired
		}
		return p.ready >= p.desired && p.updated >= p.desired && p.update == p.current
	case s.kind.resource == daemonSets.resource:
		return p.updated >= p.desired && p.available >= p.desired
	}
	return p.updated >= p.desired && p.existing <= p.updated && p.available >= p.updated
}

// stuck is why a rollout does not go on; "" when it may.
func (s situation) stuck(lasting string) string {
	if s.paused {
		return "the rollout is paused"
	}
	if lasting != "" {
		return lasting
	}
	if text := s.held(); text != "" {
		return text
	}
	if p := s.progress; p.updated >= p.desired && p.available >= p.desired {
		return "" // what is left is that old pods end
	}
	_, since := author(s.meta)
	for _, c := range s.progress.conditions {
		// A condition of the rollout before this one stays until there is progress.
		// Times are whole seconds, and a deadline has at least one.
		stale := !c.LastUpdateTime.Time.After(since)
		switch {
		case c.Type == apps.DeploymentReplicaFailure && c.Status == core.ConditionTrue && !stale:
			return "pods cannot be made: " + shown(c.Message, 200)
		case c.Type == apps.DeploymentProgressing && c.Reason == "ProgressDeadlineExceeded" && !stale:
			return "no progress within the deadline of the deployment"
		}
	}
	return ""
}

// held is the broken pod of another revision that a stateful set waits for.
func (s situation) held() string {
	now := current(s.revisions)
	if now == nil || s.kind.resource != statefulSets.resource || s.onDelete {
		return ""
	}
	for _, pod := range s.broken(now.id) {
		if t := troubleOf(pod, s.at); t != nil && t.lasting {
			return pod.Name + " is stuck on a broken revision (" + t.text + ") and has to be deleted"
		}
	}
	return ""
}

// fresh counts the pods of the wanted revision, those of them that fail, and says
// what is wrong when it will last.
func (s situation) fresh() (fresh, failing int, lasting string) {
	now := current(s.revisions)
	for _, pod := range s.pods {
		if pod.DeletionTimestamp != nil || now == nil || s.hashOf(pod) != now.id {
			continue
		}
		fresh++
		t := troubleOf(pod, s.at)
		if t == nil {
			continue
		}
		failing++
		if t.lasting {
			lasting = t.text
		}
	}
	return fresh, failing, lasting
}

// world is what runs, by revision, the newest first.
func (s situation) world() string {
	var parts []string
	serving, total := 0, 0
	for _, r := range s.revisions {
		n := 0
		for _, pod := range s.pods {
			if pod.DeletionTimestamp == nil && s.hashOf(pod) == r.id {
				n++
				if ready(pod) {
					serving++
				}
			}
		}
		total += n
		if n > 0 {
			parts = append(parts, integrations.Count(n, "pod", "pods")+" "+r.name())
		}
	}
	switch {
	case total == 0:
		return "no pods"
	case serving == total:
		parts = append(parts, "all serving")
	default:
		parts = append(parts, fmt.Sprintf("%d of %d serving", serving, total))
	}
	return strings.Join(parts, ", ")
}

// broken are the pods of other revisions than the wanted one that do not serve. A
// stateful set waits for them and never exchanges them (kubernetes#67250).
func (s situation) broken(wanted string) []core.Pod {
	return slices.DeleteFunc(slices.Clone(s.pods), func(pod core.Pod) bool {
		return pod.DeletionTimestamp != nil || s.hashOf(pod) == wanted || ready(pod) || troubleOf(pod, s.at) == nil && !unready(pod)
	})
}
