// Package slack is the practice range's Slack: a server on loopback with a Web
// API, Socket Mode and signed deliveries over HTTP that are as strict as the
// vendor's, and with methods by which tests and the demo act as people.
//
//	s, err := slack.New(slack.Options{BotToken: "xoxb-pretend", AppToken: "xapp-pretend", SigningSecret: "pretend"})
//	defer s.Close()
//	base, err := s.Start("127.0.0.1:0") // base+"/api/" is chat.slack.api_url; base is the page
//	seen, err := s.Command(ctx, slack.Ana, slack.Operations, "status")
//
// What a person does waits for the acknowledgement, as Slack's own client does,
// and one later than three seconds is a breach. Breaches are kept, and so is a
// journal of every call, for tests to look at.
package slack
