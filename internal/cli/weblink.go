package cli

import (
	"fmt"

	"mayday/internal/app"
)

type webCmd struct {
	Link webLinkCmd `cmd:"" help:"Make a one-time sign-in link for the war room. It needs no chat."`
}

type webLinkCmd struct {
	For    string `placeholder:"NAME" help:"On the host of the server: whom it signs in, by the name in the configuration."`
	Config string `short:"c" placeholder:"FILE" help:"On the host of the server: its configuration."`
	remote
}

// Run prints a link that signs a browser in once: for the owner of the token,
// or, on the host of the server and without a token, for anybody in the
// configuration.
func (c *webLinkCmd) Run(r *run) error {
	if c.For != "" || (c.TokenFile == "" && r.env.Token == "") {
		if err := c.asHost(r); err != nil {
			return err
		}
	}
	var answer struct {
		URL     string `json:"url"`
		Name    string `json:"name"`
		Minutes int    `json:"minutes"`
	}
	if err := c.post(r, "/api/v1/links", map[string]string{"for": c.For}, &answer); err != nil {
		return err
	}
	if r.style.JSON {
		return r.json(answer)
	}
	fmt.Fprintln(r.out, answer.URL)
	r.say("It signs %s in, once, for %d minutes. Press the button on the page.", answer.Name, answer.Minutes)
	return nil
}

// asHost takes address and key from the data directory of the running server,
// which only its own account can read.
func (c *webLinkCmd) asHost(r *run) error {
	file, err := r.load(c.Config)
	if err != nil {
		return err
	}
	at, err := app.OnHost(file, r.env)
	if err != nil {
		return &exit{exitUnreachable, err}
	}
	c.secret, c.TokenFile = at.Key, ""
	if c.Server == "" {
		c.Server = at.URL
	}
	return nil
}
