package telemetry

import (
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The values that labels may take. Sources and platforms are names that adapters
// bring along, so they are bounded by number and form and not by a list.
var (
	webhookOutcomes = []string{"accepted", "duplicate", "unsigned", "too_large", "overloaded", "unavailable", "quarantined", "unknown", "ping", "invalid"}
	severities      = []string{"SEV1", "SEV2", "SEV3", "unsure"}
	stepStates      = []string{"proposed", "previewed", "waiting_approval", "approved", "starting", "succeeded", "failed_proven", "unknown", "expired", "denied", "refused_stale", "cancelled", "skipped"}
	pressOutcomes   = []string{"ok", "done", "already", "refused", "conflict", "gone", "not_found", "invalid", "unsigned", "too_large", "overloaded", "unavailable", "internal"}
	messageResults  = []string{"refused", "posted", "edited", "sent", "ok", "retried", "failed", "rate_limited", "dropped", "uncertain"}
)

const (
	other = "other"
	// maxNames is how many names of sources or platforms get their own label.
	maxNames = 32
)

// Metrics are the counters of Mayday. All methods may be called on nil.
type Metrics struct {
	webhooks          *prometheus.CounterVec
	opened            *prometheus.CounterVec
	resolved          prometheus.Counter
	nudges            *prometheus.CounterVec
	lateness          prometheus.Histogram
	steps             *prometheus.CounterVec
	outboxDepth       prometheus.Gauge
	outboxAge         prometheus.Gauge
	presses           *prometheus.HistogramVec
	messages          *prometheus.CounterVec
	build             *prometheus.GaugeVec
	breaches          prometheus.Gauge
	passed            prometheus.Gauge
	sources, networks names
}

func newMetrics(version string) *Metrics {
	m := &Metrics{
		webhooks:    counterVec("mayday_webhooks_total", "Webhook deliveries by what became of them.", "outcome"),
		opened:      counterVec("mayday_incidents_opened_total", "Incidents opened.", "source", "severity"),
		resolved:    prometheus.NewCounter(prometheus.CounterOpts{Name: "mayday_incidents_resolved_total", Help: "Incidents resolved."}),
		nudges:      counterVec("mayday_nudges_sent_total", "Reminders to update the status, by call.", "call"),
		lateness:    histogram("mayday_nudge_lateness_seconds", "How late a reminder was sent after it was due.", 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800),
		steps:       counterVec("mayday_step_transitions_total", "Playbook steps by the state that they entered.", "state"),
		outboxDepth: gauge("mayday_outbox_messages", "Messages and calls that wait to be sent."),
		outboxAge:   gauge("mayday_outbox_oldest_age_seconds", "Age of the oldest waiting message, 0 when none waits."),
		messages:    counterVec("mayday_messages_total", "Messages to chat platforms and calls to outside systems.", "platform", "result"),
		breaches:    gauge("mayday_audit_findings", "Promises that did not hold at the last audit."),
		passed:      gauge("mayday_audit_passed_timestamp_seconds", "When an audit last found nothing, 0 before the first."),
		build:       prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "mayday_build_info", Help: "Always 1; the labels say what runs."}, []string{"version"}),
	}
	m.presses = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "mayday_press_duration_seconds", Help: "Time from a button, command or form to its answer.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 3},
	}, []string{"outcome"})
	m.build.WithLabelValues(version).Set(1)
	m.begin()
	return m
}

// begin makes the series of every value that a label is known to take. A series
// that first appears as 1 has not increased for Prometheus, so the first unknown
// act after a start would alert nobody.
func (m *Metrics) begin() {
	for _, outcome := range webhookOutcomes {
		m.webhooks.WithLabelValues(outcome)
	}
	for _, state := range stepStates {
		m.steps.WithLabelValues(state)
	}
	for call := 1; call <= 3; call++ {
		m.nudges.WithLabelValues(callLabel(call))
	}
}

// Expect makes the series of platforms and outside systems to which messages and
// calls may go, for the reason of begin. It may be called again.
func (m *Metrics) Expect(platforms ...string) {
	if m == nil {
		return
	}
	for _, platform := range platforms {
		name := m.networks.bound(platform)
		for _, result := range messageResults {
			m.messages.WithLabelValues(name, result)
		}
	}
}

func (m *Metrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		m.webhooks, m.opened, m.resolved, m.nudges, m.lateness, m.steps,
		m.outboxDepth, m.outboxAge, m.presses, m.messages, m.build, m.breaches, m.passed,
	}
}

// Webhook counts a delivery: accepted, duplicate, unsigned, too_large, overloaded,
// unavailable, quarantined, unknown, ping or invalid.
func (m *Metrics) Webhook(outcome string) {
	if m == nil {
		return
	}
	m.webhooks.WithLabelValues(oneOf(webhookOutcomes, outcome)).Inc()
}

// IncidentOpened counts an incident by where it came from and its first severity.
func (m *Metrics) IncidentOpened(source, severity string) {
	if m == nil {
		return
	}
	m.opened.WithLabelValues(m.sources.bound(source), oneOf(severities, severity)).Inc()
}

// IncidentResolved counts an incident that is over.
func (m *Metrics) IncidentResolved() {
	if m == nil {
		return
	}
	m.resolved.Inc()
}

// NudgeSent counts a reminder; call is 1 for the first, 2 for the second, and all
// from 3 on count together. Lateness is the time since it was due.
func (m *Metrics) NudgeSent(call int, lateness time.Duration) {
	if m == nil {
		return
	}
	m.nudges.WithLabelValues(callLabel(call)).Inc()
	m.lateness.Observe(max(0, lateness).Seconds())
}

// Step counts a playbook step that entered a state of PROMISES rule 1, or was
// skipped.
func (m *Metrics) Step(state string) {
	if m == nil {
		return
	}
	m.steps.WithLabelValues(oneOf(stepStates, state)).Inc()
}

// SetOutbox says how many messages wait and since when the oldest does.
func (m *Metrics) SetOutbox(depth int, oldest time.Duration) {
	if m == nil {
		return
	}
	m.outboxDepth.Set(float64(depth))
	m.outboxAge.Set(max(0, oldest).Seconds())
}

// Audited says how many promises did not hold at an audit.
func (m *Metrics) Audited(breaches int) {
	if m == nil {
		return
	}
	m.breaches.Set(float64(breaches))
	if breaches == 0 {
		m.passed.SetToCurrentTime()
	}
}

// Press records how long a button, command or form took to be answered. The
// outcome is ok or the kind of the fault that was answered.
func (m *Metrics) Press(duration time.Duration, outcome string) {
	if m == nil {
		return
	}
	m.presses.WithLabelValues(oneOf(pressOutcomes, outcome)).Observe(max(0, duration).Seconds())
}

// Message counts a message or call that left: posted, edited, retried, failed ...
func (m *Metrics) Message(platform, result string) {
	if m == nil {
		return
	}
	m.messages.WithLabelValues(m.networks.bound(platform), oneOf(messageResults, result)).Inc()
}

func oneOf(known []string, value string) string {
	for _, v := range []string{value, strings.ToLower(value), strings.ToUpper(value)} {
		if slices.Contains(known, v) {
			return v
		}
	}
	return other
}

func callLabel(call int) string {
	switch {
	case call <= 1:
		return "1"
	case call == 2:
		return "2"
	}
	return "3+"
}
