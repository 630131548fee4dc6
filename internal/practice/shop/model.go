package shop

import (
	"math"
	"time"
)

// What is bad, and how bad it is. The figures are those of the demo's alerts:
// 12 % with the bad cart, 31 % with the bad flag served to half of the customers.
const (
	GoodCart = "cart:1.9.8"
	BadCart  = "cart:2.0.1"
	// BadImporter takes jobs and puts every one of them back.
	BadImporter = "importer:2.3.0"
	// BadFlag fails for the customers that get it.
	BadFlag = "checkout-v2"

	usualShare = 0.003
	cartShare  = 0.12
	flagShare  = 0.62
	slowShare  = 0.02 // of requests that time out behind a slow query
)

// pod is one that serves, as far as the shop can tell.
type pod struct {
	app, image string
}

// state is what the shop looks at before every second of its day.
type state struct {
	pods      []pod
	flagged   float64 // the share of customers that get the bad flag
	slowQuery bool
}

// crew counts the pods of an app, and those of a bad image among them.
func (s state) crew(app, bad string) (all, ill int) {
	for _, p := range s.pods {
		if p.app == app {
			all++
			if p.image == bad {
				ill++
			}
		}
	}
	return all, ill
}

// service is what customers ask.
type service struct {
	app     string
	traffic float64 // requests a second
	usual   float64 // seconds of the p95 on a quiet day
}

var services = []service{{"checkout", 40, 0.180}, {"search", 120, 0.090}}

// failing is the share of requests to a service that fail.
func (s state) failing(of service) float64 {
	all, ill := s.crew(of.app, BadCart)
	if all == 0 {
		return 1
	}
	if of.app != "checkout" {
		return usualShare
	}
	well := (1 - usualShare) * (1 - cartShare*float64(ill)/float64(all)) * (1 - flagShare*s.flagged)
	if s.slowQuery {
		well *= 1 - slowShare
	}
	return 1 - well
}

// p95 is how long requests to a service take, in seconds.
func (s state) p95(of service) float64 {
	all, ill := s.crew(of.app, BadCart)
	took := of.usual
	if all > 0 {
		took *= 1 + 0.5*float64(ill)/float64(all)
	}
	if s.slowQuery && of.app == "checkout" {
		took += 2.4
	}
	return took
}

// line is a queue with the workers that empty it.
type line struct {
	queue, app, bad string
	arriving        float64 // messages a second
	each            float64 // messages a second that one worker takes
}

var lines = []line{{"orders", "importer", BadImporter, 20, 15}, {"mails", "mailer", "", 12, 8}}

// day counts what happened so far.
type day struct {
	requests, failures map[string]float64
	jobs, jobFailures  map[string]float64
	depth              map[string]float64
	last               time.Time
}

func newDay() *day {
	return &day{requests: map[string]float64{}, failures: map[string]float64{}, jobs: map[string]float64{}, jobFailures: map[string]float64{}, depth: map[string]float64{}}
}

// most is the longest step that is counted: after a machine slept, the shop did
// not serve customers in its sleep.
const most = 5 * time.Second

// pass lets time pass in a state and tells what can be read off afterwards.
func (d *day) pass(at time.Time, s state, record Record) {
	spent := time.Second
	if !d.last.IsZero() {
		spent = min(max(0, at.Sub(d.last)), most)
	}
	d.last = at
	for _, of := range services {
		asked := of.traffic * swing(at) * spent.Seconds()
		d.requests[of.app] += asked
		d.failures[of.app] += asked * s.failing(of) * wobble(at, of.app)
		record(at, Requests, math.Floor(d.requests[of.app]), "app", of.app)
		record(at, Failures, math.Floor(d.failures[of.app]), "app", of.app)
		record(at, Latency, s.p95(of)*wobble(at, of.app), "app", of.app)
	}
	for _, l := range lines {
		d.work(l, s, spent.Seconds())
		record(at, QueueDepth, math.Floor(d.depth[l.queue]), "queue", l.queue)
		record(at, Jobs, math.Floor(d.jobs[l.app]), "app", l.app)
		record(at, JobFailures, math.Floor(d.jobFailures[l.app]), "app", l.app)
	}
}

// work moves messages: good workers take them out, bad ones put them back.
func (d *day) work(l line, s state, seconds float64) {
	all, ill := s.crew(l.app, l.bad)
	waiting := d.depth[l.queue] + l.arriving*seconds
	tried := min(waiting, float64(all)*l.each*seconds)
	if all > 0 {
		failed := tried * float64(ill) / float64(all)
		d.jobs[l.app] += tried
		d.jobFailures[l.app] += failed
		waiting -= tried - failed
	}
	d.depth[l.queue] = waiting
}

// swing is how traffic goes up and down by a tenth within twenty minutes.
func swing(at time.Time) float64 {
	return 1 + 0.1*math.Sin(2*math.Pi*float64(at.Unix()%1200)/1200)
}

// wobble is a little noise that is the same whenever it is asked for.
func wobble(at time.Time, app string) float64 {
	n := uint64(at.Unix())*2654435761 + uint64(len(app))*97
	n ^= n >> 13
	n *= 0x9E3779B97F4A7C15
	return 0.95 + 0.1*float64(n>>40)/float64(1<<24)
}
