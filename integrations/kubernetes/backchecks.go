package kubernetes

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"mayday/integrations"
)

// backChecks is everything that is looked at before a rollback.
func (c chosen) backChecks(ctx context.Context, s situation, to revision) []integrations.Check {
	out := []integrations.Check{to.ranCheck(), {Text: images(to.template) + " is still kept by " + to.object, Answer: integrations.Yes},
		{Text: "registry not asked", Answer: integrations.Unknown}}
	if !c.noMigrations() {
		out = append(out, integrations.Check{Text: s.between(to) + " not known", Answer: integrations.Unknown})
	}
	out = append(out, s.othersCheck(c.subject()))

	rights := []access{{verb: "get", group: "apps", resource: c.kind.history(), namespace: c.namespace, name: to.object}}
	if len(s.stuckPods(to)) > 0 {
		rights = append(rights, access{verb: "delete", resource: "pods", namespace: c.namespace})
	}
	var parts [2][]integrations.Check
	var all sync.WaitGroup
	all.Go(func() { parts[0] = s.configChecks(ctx, to) })
	all.Go(func() { parts[1] = s.commonChecks(ctx, back(s.workload, to.shape, to.cause, "dry run"), rights...) })
	all.Wait()
	return append(out, slices.Concat(parts[:]...)...)
}

// proven is how long a template must have run for that to say something.
const proven = 5 * time.Minute

func (r revision) ranCheck() integrations.Check {
	if !r.ranKnown {
		return integrations.Check{Text: "how long " + r.name() + " ran is not known", Answer: integrations.Unknown}
	}
	if r.ran < proven {
		return integrations.Check{Text: "ran only " + ageText(r.ran) + " from this template", Answer: integrations.Unknown}
	}
	return integrations.Check{Text: "ran " + ageText(r.ran) + " from this template", Answer: integrations.Yes}
}

// between names the migrations that may stand between two revisions.
func (s situation) between(to revision) string {
	now := current(s.revisions)
	if now == nil {
		return "migrations since " + to.name()
	}
	return fmt.Sprintf("migrations between %d and %d", min(to.number, now.number), max(to.number, now.number))
}

// othersCheck says whether somebody else is changing the workload. A rollout that
// is stuck is no reason to wait: it is what is being put back.
func (s situation) othersCheck(subject string) integrations.Check {
	v := s.verdict()
	switch {
	case v.done:
		return integrations.Check{Text: "nobody else is changing " + subject, Answer: integrations.Yes}
	case v.stuck != "":
		return integrations.Check{Text: "its rollout is stuck: " + v.stuck, Answer: integrations.Yes}
	}
	return integrations.Check{Text: "a rollout is under way" + s.by() + ": " + v.text, Answer: integrations.Unknown}
}

// commonChecks are those of every patch of a workload: who keeps it, the right for
// exactly this object, and what else the act needs, and the rehearsal.
func (s situation) commonChecks(ctx context.Context, list []operation, more ...access) []integrations.Check {
	var parts [3][]integrations.Check
	var all sync.WaitGroup
	all.Go(func() { parts[0] = s.ownership(ctx, &s.meta) })
	all.Go(func() { parts[1] = s.cluster.may(ctx, append([]access{s.access("patch")}, more...)...) })
	all.Go(func() { parts[2] = s.dryRun(ctx, list) })
	all.Wait()
	return slices.Concat(parts[:]...)
}

// dryRun rehearses the very patch.
func (w workload) dryRun(ctx context.Context, list []operation) []integrations.Check {
	_, err := w.send(ctx, list, true)
	return []integrations.Check{rehearsed(err)}
}

// configChecks looks at the config maps that a template takes from: they do not
// roll back with it, and may be gone.
func (s situation) configChecks(ctx context.Context, to revision) []integrations.Check {
	names := configNames(to.template)
	if len(names) == 0 {
		return nil
	}
	out := make([]*integrations.Check, len(names))
	var all sync.WaitGroup
	for n, name := range names {
		all.Go(func() { out[n] = s.configCheck(ctx, name, to) })
	}
	all.Wait()
	var found []integrations.Check
	for _, c := range out {
		if c != nil {
			found = append(found, *c)
		}
	}
	if len(found) == 0 {
		return []integrations.Check{{Text: "config it takes from is there, unchanged since: " + integrations.Clip(joined(names), 120), Answer: integrations.Yes}}
	}
	return found
}

func (s situation) configCheck(ctx context.Context, name string, to revision) *integrations.Check {
	m, err := s.cluster.configMap(ctx, s.namespace, name)
	if isNotFound(err) {
		return &integrations.Check{Text: "config map " + name + ", which the old template takes from, is gone", Answer: integrations.No, Override: true}
	}
	if err != nil {
		return &integrations.Check{Text: "whether config map " + name + " changed is not known", Answer: integrations.Unknown}
	}
	who, at := configAuthor(m.ObjectMeta)
	if at.IsZero() || !at.After(to.created) || to.ranKnown && at.Before(to.created.Add(to.ran)) {
		return nil
	}
	return &integrations.Check{Text: fmt.Sprintf("config map %s changed %s by %s and does not roll back", name, clock(at, s.at), who), Answer: integrations.Unknown}
}

// configMap reads one config map.
func (c *cluster) configMap(ctx context.Context, namespace, name string) (*core.ConfigMap, error) {
	return read(ctx, c, access{verb: "get", resource: "configmaps", namespace: namespace, name: name},
		func(ctx context.Context, k *clients) (*core.ConfigMap, error) {
			return k.core.ConfigMaps(namespace).Get(ctx, name, metav1.GetOptions{})
		})
}

// configAuthor is who changed a config map last, and when.
func configAuthor(meta metav1.ObjectMeta) (string, time.Time) {
	return lastBy(meta, func(metav1.ManagedFieldsEntry) bool { return true })
}

// noMigrations is what the service says about itself.
func (c chosen) noMigrations() bool { return c.service != nil && c.service.migrations == "none" }
