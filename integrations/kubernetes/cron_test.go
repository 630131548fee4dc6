package kubernetes

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"mayday/integrations"
	"mayday/internal/clustertest"
)

func TestMissedRunsAreCounted(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 12, 30, 0, 0, time.UTC)
	ago := func(d time.Duration) *metav1.Time { at := metav1.NewTime(now.Add(-d)); return &at }
	late := func(n int64) *int64 { return &n }
	text := func(s string) *string { return &s }
	busy := []corev1.ObjectReference{{Name: "report-1"}}
	for _, tt := range []struct {
		name   string
		spec   batchv1.CronJobSpec
		last   *metav1.Time
		active []corev1.ObjectReference
		missed int
		starts bool
		words  string
	}{
		{"none due", batchv1.CronJobSpec{Schedule: "0 * * * *"}, ago(20 * time.Minute), nil, 0, false, "report missed nothing, next run 13:00:00 UTC"},
		{"one", batchv1.CronJobSpec{Schedule: "0 * * * *"}, ago(40 * time.Minute), nil, 1, true, "report missed 1 run: one job starts at once, for the newest"},
		{"several", batchv1.CronJobSpec{Schedule: "*/5 * * * *"}, ago(31 * time.Minute), nil, 7, true, "report missed 7 runs"},
		{"never ran", batchv1.CronJobSpec{Schedule: "@hourly"}, nil, nil, 3, true, "missed 3 runs"},
		{"too late", batchv1.CronJobSpec{Schedule: "0 * * * *", StartingDeadlineSeconds: late(600)}, ago(40 * time.Minute), nil, 1, false, "none starts at once, its starting deadline has passed"},
		{"just in time", batchv1.CronJobSpec{Schedule: "0 * * * *", StartingDeadlineSeconds: late(3600)}, ago(40 * time.Minute), nil, 1, true, "one job starts at once"},
		{"forbidden beside", batchv1.CronJobSpec{Schedule: "0 * * * *", ConcurrencyPolicy: batchv1.ForbidConcurrent}, ago(40 * time.Minute), busy, 1, false, "the job before must end first"},
		{"many", batchv1.CronJobSpec{Schedule: "* * * * *"}, ago(30 * 24 * time.Hour), nil, mostMissed, true, "missed more than 1000 runs"},
		// 12:30 UTC is 13:30 in Berlin; the run of 13:00 there was at 12:00 UTC.
		{"zone", batchv1.CronJobSpec{Schedule: "0 13 * * *", TimeZone: text("Europe/Berlin")}, ago(3 * time.Hour), nil, 1, true, "missed 1 run"},
	} {
		c := &batchv1.CronJob{Spec: tt.spec, Status: batchv1.CronJobStatus{LastScheduleTime: tt.last, Active: tt.active}}
		c.Name, c.CreationTimestamp = "report", *ago(3 * time.Hour)
		got, err := catchUpOf(c, now)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got.missed != tt.missed || got.starts != tt.starts || !strings.Contains(got.words("report", now), tt.words) {
			t.Errorf("%s: got %+v, %q; want %d, %v, %q", tt.name, got, got.words("report", now), tt.missed, tt.starts, tt.words)
		}
	}
	if _, err := catchUpOf(&batchv1.CronJob{Spec: batchv1.CronJobSpec{Schedule: "every day"}}, now); err == nil {
		t.Error("got no error for a schedule that is none")
	}
}

func cronYAML(name, more string) string {
	return fmt.Sprintf(`---
apiVersion: batch/v1
kind: CronJob
metadata: {name: %[1]s}
spec:
  schedule: "*/5 * * * *"
%[2]s
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: main, image: "%[1]s:1"}]}
`, name, more)
}

var cronJobsOf = schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "cronjobs"}

func suspendedIn(s *clustertest.Space, name string) bool {
	return *clustertest.Get[batchv1.CronJob](s, "cronjobs.batch", name).Spec.Suspend
}

func TestSuspendCronJobsAndBack(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(cronYAML("report", "") + cronYAML("mail", "") + cronYAML("old", "  suspend: true") + cronYAML("strict", "  startingDeadlineSeconds: 15"))
	f := on(t, s, "importer: {deployment: importer, cronjobs: [report, mail, old, strict, gone]}")

	p := planned(t, f, "k8s.suspend_cronjobs", integrations.Args{"name": "importer"})
	if want := "Suspend report, mail, strict (production)"; p.Title != want {
		t.Errorf("got %q, want %q", p.Title, want)
	}
	for _, want := range []string{"suspended already, and left alone: old", "not there: gone"} {
		if !strings.Contains(strings.Join(p.Details, "\n"), want) {
			t.Errorf("got details %q, want %q", p.Details, want)
		}
	}
	r := applied(t, f, p)
	settled(t, f, p)
	for _, name := range []string{"report", "mail", "strict", "old"} {
		if !suspendedIn(s, name) {
			t.Errorf("%s is not suspended", name)
		}
	}
	typedTwice(t, s, p.Command)

	// Runs were due meanwhile. The controller starts one job for the newest of them
	// where no deadline forbids it, and that is what the preview of the undo says.
	for _, name := range []string{"report", "strict"} {
		patchedOther(t, s, "test", cronJobsOf, name, `{"status":{"lastScheduleTime":"`+time.Now().Add(-21*time.Minute).UTC().Format(time.RFC3339)+`"}}`, "status")
	}
	patchedOther(t, s, "li", cronJobsOf, "mail", `{"spec":{"suspend":false}}`)
	back, err := act(t, f, "k8s.suspend_cronjobs").Undo(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(append(back.Details, back.To), "\n")
	for _, want := range []string{"report missed 4 runs: one job starts at once, for the newest", "left alone: mail is on schedule now (by li", "1 missed job starts at once"} {
		if !strings.Contains(text, want) && !strings.Contains(strings.Replace(text, "5 runs", "4 runs", 1), want) {
			t.Errorf("got %q, want %q", text, want)
		}
	}
	back = noted(back)
	applied(t, f, back)
	settled(t, f, back)
	if suspendedIn(s, "report") || suspendedIn(s, "strict") || !suspendedIn(s, "old") {
		t.Error("want exactly those on schedule again that the act had suspended")
	}
	jobs := clustertest.WaitList(s, "jobs.batch", "", "has the one that was missed", func(all []batchv1.Job) bool {
		return len(all) > 0 && all[0].Status.Succeeded == 1
	})
	if len(jobs) != 1 || !strings.HasPrefix(jobs[0].Name, "report-") {
		t.Errorf("got %d jobs, want one of report", len(jobs))
	}
}

func TestARunningJobIsNamedAndGoesOn(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(strings.Replace(cronYAML("report.v2", ""), "report.v2:1", "report:missing", 1))
	s.Kubectl("create", "job", "report-77", "--from=cronjob/report.v2")
	job := clustertest.Get[batchv1.Job](s, "jobs.batch", "report-77")
	patchedOther(t, s, "test", cronJobsOf, "report.v2", `{"status":{"active":[{"apiVersion":"batch/v1","kind":"Job","name":"report-77","uid":"`+string(job.UID)+`"}]}}`, "status")
	f := on(t, s)
	p := planned(t, f, "k8s.suspend_cronjobs", integrations.Args{"name": "report.v2"})
	if text := strings.Join(p.Details, "\n"); !strings.Contains(text, "run now, and are left running: report-77") {
		t.Errorf("got details %q", text)
	}
	r := applied(t, f, p)
	if now := clustertest.Get[batchv1.Job](s, "jobs.batch", "report-77"); now.UID != job.UID || now.DeletionTimestamp != nil {
		t.Error("the job that ran is gone")
	}
	undone(t, f, "k8s.suspend_cronjobs", r)
	if suspendedIn(s, "report.v2") {
		t.Error("still suspended")
	}
	if _, err := act(t, f, "k8s.suspend_cronjobs").Undo(t.Context(), r); !isStale(err, "nothing of this step is left") {
		t.Errorf("got %v, want that nothing is left", err)
	}
}

func TestACronJobThatMovedIsRefused(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	f := on(t, s, "importer: {deployment: importer, cronjobs: [a, b]}")
	for run := range 10 {
		s.Apply(cronYAML("a", "  suspend: false") + cronYAML("b", "  suspend: false"))
		p := planned(t, f, "k8s.suspend_cronjobs", integrations.Args{"name": "importer"})
		want := "schedule was on schedule and is suspended"
		if run%2 == 0 {
			patchedOther(t, s, "li", cronJobsOf, "b", `{"spec":{"suspend":true}}`)
		} else {
			s.Kubectl("delete", "cronjob", "b")
			s.Apply(cronYAML("b", ""))
			want = "b was deleted and made anew"
		}
		_, err := act(t, f, p.Action).Apply(t.Context(), p, keepNothing)
		if !isStale(err, want) {
			t.Fatalf("got %v, want %q", err, want)
		}
		if suspendedIn(s, "a") {
			t.Fatal("the first was suspended although the second had moved")
		}
	}
}

// A later one that is refused does not hide that the ones before it have changed.
func TestWhatWasDoneOfSeveralIsSaid(t *testing.T) {
	t.Parallel()
	s := clustertest.New(t)
	s.Apply(cronYAML("a", "") + cronYAML("b", ""))
	g := newGate(t, s)
	f := with(t, s, g.kubeconfig, "importer: {deployment: importer, cronjobs: [a, b]}")
	p := planned(t, f, "k8s.suspend_cronjobs", integrations.Args{"name": "importer"})
	sentOnce := false
	g.set(through, func(*http.Request) {
		if !sentOnce {
			sentOnce = true
			patchedOther(t, s, "li", cronJobsOf, "b", `{"spec":{"suspend":true}}`)
		}
	})
	r := applied(t, f, p)
	if !strings.HasPrefix(r.Text, "a suspended; not changed: b (") || r.Values[keyCronJobs] != "a" {
		t.Errorf("got %q, %q", r.Text, r.Values[keyCronJobs])
	}
	back, err := act(t, f, p.Action).Undo(t.Context(), r)
	if err != nil || back.Title != "Resume a (production)" {
		t.Errorf("got %q, %v; want the undo of a alone", back.Title, err)
	}
}
