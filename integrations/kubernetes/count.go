package kubernetes

import (
	"context"
	"fmt"
	"strconv"
	"time"

	core "k8s.io/api/core/v1"

	"mayday/integrations"
)

// zeroWatch is how long a count of zero has to hold before it is called one:
// autoscalers bring pods back after a while.
const zeroWatch = time.Minute

// probeScale tells how many pods there are. A count of zero is settled when no pod
// is left and the status has not been written for a while. Controllers write it
// with every change of the count, and the server notes when: whatever came back and
// went again has begun the wait anew, also while nobody looked, and also after a
// restart of Mayday.
func (f *fleet) probeScale(ctx context.Context, p integrations.Plan, kept integrations.Kept) (integrations.Evidence, error) {
	at, want, err := f.scaled(p)
	if err != nil {
		return integrations.Evidence{}, err
	}
	w, err := at.inspect(ctx)
	if isNotFound(err) {
		return unsure(at.at() + " is gone"), nil
	}
	if err != nil {
		return integrations.Evidence{}, byHand(err, (chosen{place: at}).command("get", at.ref()))
	}
	if string(w.meta.UID) != p.Pre[keyUID] {
		return unsure(at.name + " was deleted and made anew since"), nil
	}
	if p.Pre[keyKEDA] != "" {
		return f.probePinned(ctx, p, kept, w, want)
	}
	asked := w.progress.desired
	who, when := countSetBy(w)
	switch {
	case asked != want && strconv.Itoa(int(asked)) == p.Pre[keyReplicas]:
		text := fmt.Sprintf("the count of %s is %d, as before the act%s", at.name, asked, byAt(who, when))
		return integrations.Evidence{Text: text, Applied: integrations.No, Wrong: text}, nil
	case asked != want && want > 0 && asked > 0 && p.Pre[keyHPA] != "" && p.Pre[keyReplicas] == "0":
		return f.counted(ctx, w, kept, asked) // it was woken, and its autoscaler has taken over
	case asked != want:
		text := fmt.Sprintf("the count of %s is %d now%s", at.name, asked, byAt(who, when))
		return integrations.Evidence{Text: text, Applied: integrations.Unknown, Wrong: text}, nil
	}
	return f.counted(ctx, w, kept, want)
}

// probePinned looks at what KEDA was told first: the count follows it.
func (f *fleet) probePinned(ctx context.Context, p integrations.Plan, kept integrations.Kept, w workload, want int32) (integrations.Evidence, error) {
	o, err := f.scaledObjectOf(ctx, w.place, p.Record[keyKEDA])
	if err != nil {
		return integrations.Evidence{}, err
	}
	u, err := o.get(ctx)
	if isNotFound(err) {
		return unsure("the scaled object " + o.name + " is gone"), nil
	}
	if err != nil {
		return integrations.Evidence{}, err
	}
	now := u.GetAnnotations()
	ours := now[stepKey] == mark(p)
	switch {
	case !samePins(now, pins(p.Record[keyWanted], "true")):
		e := integrations.Evidence{Text: "KEDA is paused " + pausedText(now) + byWhom(u), Applied: integrations.No}
		if now[pinnedKey] == "" && now[frozenKey] == "" {
			e.Text = "KEDA is not paused" + byWhom(u)
		}
		if ours {
			e.Applied, e.Wrong = integrations.Yes, e.Text
		}
		return e, nil
	case !ours:
		return unsure("KEDA is paused as was wanted, without my mark" + byWhom(u)), nil
	case w.progress.desired != want:
		return integrations.Evidence{Text: fmt.Sprintf("KEDA is paused; the count of %s is still %d", w.name, w.progress.desired), Applied: integrations.Yes}, nil
	}
	return f.counted(ctx, w, kept, want)
}

// counted compares the pods with a count that the workload has.
func (f *fleet) counted(ctx context.Context, w workload, kept integrations.Kept, want int32) (integrations.Evidence, error) {
	pods, err := w.pods(ctx)
	if err != nil {
		return integrations.Evidence{}, err
	}
	e := integrations.Evidence{Applied: integrations.Yes}
	seen := w.progress.observed >= w.meta.Generation
	if want > 0 {
		now, serving, stuck := tally(pods)
		e.Text = fmt.Sprintf("%d of %d pods ready", serving, want)
		if now > int(want) {
			e.Text += fmt.Sprintf(", %d more are going", now-int(want))
		}
		e.Settled = seen && serving == int(want) && now == int(want) && w.progress.existing == want
		if stuck != "" && !e.Settled {
			e.Wrong = "Now: " + e.Text + ". " + stuck
		}
		return e, nil
	}
	left, ending := leaving(pods)
	switch {
	case left > 0:
		e.Text = fmt.Sprintf("%s left, %d of them ending", integrations.Count(left, "pod", "pods"), ending)
		return e, nil
	case !seen || w.progress.existing > 0:
		e.Text = "the pods are going"
		return e, nil
	}
	held := time.Since(statusWritten(w, kept))
	e.Settled = held >= f.zeroWatch
	e.Text = fmt.Sprintf("0 pods for %s of %s", ageText(held), ageText(f.zeroWatch))
	if e.Settled {
		e.Text = "0 pods, and none came back for " + ageText(f.zeroWatch)
	}
	return e, nil
}

// statusWritten is when the status was written last, by the server's clock. Where
// the server does not record that, it is when the act was sent; else now.
func statusWritten(w workload, kept integrations.Kept) time.Time {
	var at time.Time
	for _, m := range w.meta.ManagedFields {
		if m.Subresource == "status" && m.Time != nil && m.Time.After(at) {
			at = m.Time.Time
		}
	}
	if !at.IsZero() {
		return at
	}
	if at, err := time.Parse(time.RFC3339Nano, kept["sent"]); err == nil {
		return at
	}
	return time.Now()
}

// tally counts the pods that are there to stay and those that serve, and says what
// will not become ready by itself.
func tally(pods []core.Pod) (now, serving int, stuck string) {
	for _, pod := range pods {
		if pod.DeletionTimestamp != nil || ended(pod) {
			continue
		}
		now++
		if ready(pod) {
			serving++
		}
		if t := troubleOf(pod, time.Now()); t != nil && t.lasting {
			stuck = t.text
		}
	}
	return now, serving, stuck
}

// leaving counts the pods that still run, those that are told to end among them:
// a worker finishes its message first.
func leaving(pods []core.Pod) (left, ending int) {
	for _, pod := range pods {
		if ended(pod) {
			continue
		}
		left++
		if pod.DeletionTimestamp != nil {
			ending++
		}
	}
	return left, ending
}

func ended(pod core.Pod) bool {
	return pod.Status.Phase == core.PodSucceeded || pod.Status.Phase == core.PodFailed
}
