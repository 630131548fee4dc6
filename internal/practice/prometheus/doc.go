// Package prometheus is a practice Prometheus: what is recorded in it is kept in
// memory for some hours, and the real PromQL engine answers queries about it over
// the real API.
//
//	p, err := prometheus.Start(ctx, prometheus.Options{})
//	defer p.Close()
//	p.Record(time.Now(), "http_requests_total", 4711, "app", "checkout")
//	p.URL() // connect.prometheus.url
//
// What it leaves out: scraping, rules, histograms, remote write, and its page.
package prometheus
