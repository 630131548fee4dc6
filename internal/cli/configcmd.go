package cli

import (
	"fmt"

	"mayday/internal/app"
)

type configCmd struct {
	Print configPrintCmd `cmd:"" help:"The effective configuration: the file, with the environment and the defaults."`
}

type configPrintCmd struct {
	Config   string `short:"c" placeholder:"FILE" help:"The configuration."`
	Redacted bool   `default:"true" hidden:"" help:"Values of secrets are never printed; this says so aloud."`
}

// Run prints what is in force. A secret is named by where it comes from.
func (c *configPrintCmd) Run(r *run) error {
	file, err := r.load(c.Config)
	if err != nil {
		return err
	}
	text, tree, err := app.Effective(file, r.env)
	if err != nil {
		return &exit{exitConfig, err}
	}
	if r.style.JSON {
		return r.json(tree)
	}
	_, err = fmt.Fprint(r.out, text)
	return err
}
