package kubernetes

import (
	"slices"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func (c *Cluster) eachCronJob(at time.Time) {
	for _, o := range c.store.list(cronJobs, "") {
		if j, ok := o.(*batchv1.CronJob); ok {
			c.tick(j, at)
		}
	}
}

// tick starts a job when one is due. Times that passed while it was suspended are
// due as well, unless a starting deadline forbids it; of several only the last
// one starts, as in the real controller.
func (c *Cluster) tick(j *batchv1.CronJob, at time.Time) {
	o := clone(j)
	c.countRuns(j, o)
	times, err := readSchedule(j.Spec.Schedule)
	if err != nil || *j.Spec.Suspend || c.seeding {
		c.set(cronJobs, j, o)
		return
	}
	c.again(at.Truncate(time.Minute).Add(time.Minute))
	since := j.CreationTimestamp.Time
	if last := j.Status.LastScheduleTime; last != nil {
		since = last.Time
	}
	if limit := j.Spec.StartingDeadlineSeconds; limit != nil {
		if earliest := at.Add(-time.Duration(*limit) * time.Second); earliest.After(since) {
			since = earliest
		}
	}
	due, _ := times.last(since, at)
	busy := len(o.Status.Active) > 0 && j.Spec.ConcurrencyPolicy == batchv1.ForbidConcurrent
	if !due.IsZero() && !busy {
		stamp := metav1.NewTime(due)
		o.Status.LastScheduleTime = &stamp
		c.startRun(j, due)
	}
	c.set(cronJobs, j, o)
}

// countRuns notes what runs, and forgets the oldest that are over.
func (c *Cluster) countRuns(j, o *batchv1.CronJob) {
	o.Status.Active = nil
	var over []*batchv1.Job
	for _, one := range owned[*batchv1.Job](c, jobs, j) {
		if one.Status.CompletionTime != nil || one.Status.Failed > *one.Spec.BackoffLimit {
			over = append(over, one)
			continue
		}
		o.Status.Active = append(o.Status.Active, corev1.ObjectReference{Kind: jobs.kind, APIVersion: "batch/v1", Namespace: one.Namespace, Name: one.Name, UID: one.UID})
	}
	slices.SortFunc(over, func(a, b *batchv1.Job) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	for _, one := range over[:max(0, len(over)-int(*j.Spec.SuccessfulJobsHistoryLimit))] {
		c.store.remove(jobs, one)
	}
	if len(over) > 0 {
		o.Status.LastSuccessfulTime = over[len(over)-1].Status.CompletionTime
	}
}

func (c *Cluster) startRun(j *batchv1.CronJob, due time.Time) {
	one := &batchv1.Job{Spec: *j.Spec.JobTemplate.Spec.DeepCopy()}
	one.Name, one.Namespace = j.Name+"-"+strconv.FormatInt(due.Unix()/60, 10), j.Namespace
	if _, there := c.store.get(jobs, one.Namespace, one.Name); there {
		return
	}
	one.Labels = with(j.Spec.JobTemplate.Labels, nil)
	one.Annotations = with(j.Spec.JobTemplate.Annotations, map[string]string{batchv1.CronJobScheduledTimestampAnnotation: due.Format(time.RFC3339)})
	one.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(j, cronJobs.groupVersion().WithKind(cronJobs.kind))}
	c.born(jobs, one)
	c.say(j, cronJobs, corev1.EventTypeNormal, "SuccessfulCreate", "Created job "+one.Name)
}

func (c *Cluster) eachJob() {
	for _, o := range c.store.list(jobs, "") {
		if j, ok := o.(*batchv1.Job); ok {
			c.runJob(j)
		}
	}
}

// runJob keeps pods going until enough of them have succeeded.
func (c *Cluster) runJob(j *batchv1.Job) {
	o := clone(j)
	o.Status.Active, o.Status.Succeeded, o.Status.Failed = 0, 0, 0
	for _, p := range owned[*corev1.Pod](c, pods, j) {
		switch p.Status.Phase {
		case corev1.PodSucceeded:
			o.Status.Succeeded++
		case corev1.PodFailed:
			o.Status.Failed++
		default:
			o.Status.Active++
		}
	}
	done := o.Status.Succeeded >= *j.Spec.Completions
	if done && o.Status.CompletionTime == nil {
		at := now()
		o.Status.CompletionTime = &at
		o.Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue, LastTransitionTime: at}}
	}
	given := o.Status.Failed > *j.Spec.BackoffLimit
	for n := o.Status.Active; !done && !given && !*j.Spec.Suspend && n < *j.Spec.Parallelism; n++ {
		c.spawn(j, jobs, j.Name+"-"+suffix(), j.Spec.Template, map[string]string{batchv1.JobNameLabel: j.Name})
	}
	c.set(jobs, j, o)
}
