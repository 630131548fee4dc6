// Package discord is the practice range's Discord: a server on loopback with a
// REST API, a gateway and interactions that are as strict as the vendor's, and
// with methods by which tests and the demo act as people.
//
//	d, err := discord.New(discord.Options{Token: "pretend", ApplicationID: discord.Application})
//	defer d.Close()
//	base, err := d.Start("127.0.0.1:0") // chat.discord.api_url, and the page
//	seen, err := d.Command(ctx, discord.Ana, discord.Operations, "mayday status", nil)
//
// What a person does waits for the first response, as Discord's own client does,
// and a response later than three seconds is a breach. Breaches are kept, and so
// is every call, so that a test can look at both when it is over. Waits of rate
// limits go by the real clock; lives of tokens, nonces and messages by
// Options.Now.
package discord
