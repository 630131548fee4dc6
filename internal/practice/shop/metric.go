package shop

import "fmt"

// The series that the shop has, by name.
const (
	Requests    = "http_requests_total"               // counter, by app
	Failures    = "http_requests_errors_total"        // counter, by app
	Latency     = "http_request_duration_p95_seconds" // gauge, by app
	QueueDepth  = "queue_depth"                       // gauge, by queue: messages that wait
	Jobs        = "worker_jobs_total"                 // counter, by app
	JobFailures = "worker_jobs_failed_total"          // counter, by app
)

// Traffic is the PromQL of a service's requests a second.
func Traffic(app string) string {
	return fmt.Sprintf(`sum(rate(%s{app=%q}[1m]))`, Requests, app)
}

// ErrorShare is the PromQL of the share of a service's requests that fail.
func ErrorShare(app string) string {
	return fmt.Sprintf(`sum(rate(%s{app=%q}[1m])) / sum(rate(%s{app=%q}[1m]))`, Failures, app, Requests, app)
}

// Depth is the PromQL of the messages that wait in a queue.
func Depth(queue string) string { return fmt.Sprintf(`%s{queue=%q}`, QueueDepth, queue) }

// P95 is the PromQL of the time in seconds that all but a twentieth of a service's
// requests stay under.
func P95(app string) string { return fmt.Sprintf(`%s{app=%q}`, Latency, app) }
