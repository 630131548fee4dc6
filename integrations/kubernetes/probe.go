package kubernetes

import (
	"context"

	"mayday/integrations"
)

// probeRollback tells what is true now: whether the patch was applied, by our mark
// and the template, and how far the rollout is.
func (f *fleet) probeRollback(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
	return f.probeWorkload(ctx, p, func(s situation) bool {
		own, err := shapeOf(s.raw)
		return err == nil && own.print == p.Pre[keyToPrint]
	})
}

// probeWorkload is the probe of an act on a workload. wanted reports whether it is
// as the act wants it.
func (f *fleet) probeWorkload(ctx context.Context, p integrations.Plan, wanted func(situation) bool) (integrations.Evidence, error) {
	at, err := f.placeOf(p.Record)
	if err != nil {
		return integrations.Evidence{}, err
	}
	s, err := at.survey(ctx)
	if isNotFound(err) {
		return unsure(at.at() + " is gone"), nil
	}
	if err != nil {
		return integrations.Evidence{}, byHand(err, (chosen{place: at}).command("rollout", "status", at.ref()))
	}
	return s.evidence(p, wanted(s)), nil
}

// evidence compares what there is with what was planned. Our mark, which is in
// the same patch as the change, is the proof.
func (s situation) evidence(p integrations.Plan, wanted bool) integrations.Evidence {
	ours := s.meta.Annotations[stepKey] == mark(p)
	runs := s.name + " runs " + images(s.template)
	switch {
	case string(s.meta.UID) != p.Pre[keyUID]:
		return unsure(s.name + " was deleted and made anew since")
	case ours && wanted:
		return s.underWay(runs)
	case ours, s.marked(mark(p)):
		return integrations.Evidence{
			Text: runs + "; my change was made, and was changed again since" + s.by(), Applied: integrations.Yes,
			Wrong: "it was changed again since" + s.by() + ": " + images(s.template),
		}
	case s.spec == p.Pre[keySpec]:
		return integrations.Evidence{Text: runs + ", as before the act", Applied: integrations.No}
	case wanted:
		return unsure(runs + ", which is what was wanted, without my mark" + s.by())
	}
	return unsure(runs + "; its spec changed since the preview" + s.by() + ", and nothing of mine is to be seen")
}

// marked reports whether a revision carries our mark: the controller copies it
// there from the workload.
func (s situation) marked(mark string) bool {
	for _, r := range s.revisions {
		if r.marks[stepKey] == mark {
			return true
		}
	}
	return false
}

// underWay is a change that was accepted, and how far its rollout is.
func (s situation) underWay(runs string) integrations.Evidence {
	v := s.verdict()
	e := integrations.Evidence{Text: v.text, Applied: integrations.Yes, Settled: v.done}
	switch {
	case s.onDelete && v.done:
		e.Text = runs + " where pods are new; the others keep the old template until they are deleted: " + v.world
	case v.done:
		e.Text += "; " + v.world
	case v.stuck != "":
		e.Wrong = "Now: " + v.world + ". " + v.stuck
	}
	return e
}

func unsure(text string) integrations.Evidence {
	return integrations.Evidence{Text: text, Applied: integrations.Unknown}
}
