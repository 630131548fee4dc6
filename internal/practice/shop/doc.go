// Package shop is the pretend shop at work: customers, queues, a database, and
// numbers that really follow the state of things. It knows nothing by itself. It
// looks at the pods that run in the practice cluster and at the flags that the
// practice LaunchDarkly streams, and records what a monitoring system would have
// scraped from such a shop, once a second.
//
//	s, err := shop.Start(ctx, shop.Options{
//		Cluster: c.Page(), Token: c.Token(kubernetes.Li), PipelineToken: c.Token(kubernetes.CI),
//		Flags: flagsURL, SDKKey: "sdk-key", Record: prom.Record,
//	})
//	defer s.Close()
//	err = s.DeployBadVersion(ctx) // errors rise with every bad pod, and fall with every one that goes
//	shop.ErrorShare("checkout")   // the PromQL of the service's chart
package shop
