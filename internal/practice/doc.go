// Package practice is the practice range: small servers on loopback that behave
// like the systems of a real company, for the demo, for drills and for tests.
// Mayday's own adapters talk to them over HTTP, so what happens there is what
// production does.
//
// The company is a pretend shop with the services checkout, search, workers,
// payments-db and rabbitmq, and the people Ana, Li and Sam. Nothing here ever
// connects to anything but loopback: another target is refused when it is set,
// and once more when the connection is made.
//
// Its packages are one system each: chat platforms, a cluster (kubernetes), a
// Prometheus, and the shop itself at work (shop), whose numbers follow what runs
// in the cluster and what the flags serve.
//
//	pd, err := practice.NewPagerDuty(practice.Options{
//		Secrets: []string{"s3cret"}, Token: "pretend-key",
//	})
//	defer pd.Close()
//	api, err := pd.Start("127.0.0.1:0")                     // pagerduty.api_url
//	err = pd.Aim("http://127.0.0.1:7373/hooks/pagerduty")  // where webhooks go
//	id, err := pd.Trigger(practice.TriggerSpec{Title: "Error rate above 5 %", Service: "checkout"})
//	err = pd.Wait(ctx)                                      // every delivery is over
package practice
