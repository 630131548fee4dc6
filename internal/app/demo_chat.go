package app

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"mayday/bot/web"
)

// startChats starts the pretend chat platforms. The real adapters talk to them.
func (d *Demo) startChats() error {
	for _, start := range pretend {
		c, err := start()
		if err != nil {
			return fmt.Errorf("start a pretend chat platform: %w", err)
		}
		d.chats = append(d.chats, c)
	}
	return nil
}

func (d *Demo) closeChats() {
	for _, c := range d.chats {
		c.Close()
	}
}

// chatSections are their parts of the configuration.
func (d *Demo) chatSections() (string, error) {
	var b strings.Builder
	var errs []error
	b.WriteString("chat:\n")
	for _, c := range d.chats {
		fmt.Fprintf(&b, "  %s:\n", c.Name)
		for _, key := range slices.Sorted(maps.Keys(c.Settings)) {
			fmt.Fprintf(&b, "    %s: %q\n", key, c.Settings[key])
		}
		for _, key := range slices.Sorted(maps.Keys(c.Secrets)) {
			path := d.path(c.Name + "_" + key)
			errs = append(errs, os.WriteFile(path, []byte(c.Secrets[key]+"\n"), 0o600))
			fmt.Fprintf(&b, "    %s: 'file:%s'\n", key, path)
		}
	}
	return b.String(), errors.Join(errs...)
}

// accounts are a person's ids there, as keys of `same`.
func (d *Demo) accounts(name string) string {
	var b strings.Builder
	for _, c := range d.chats {
		if id := c.Accounts[name]; id != "" {
			fmt.Fprintf(&b, ", %s: %q", c.Name, id)
		}
	}
	return b.String()
}

// everybody are the accounts of a person on every pretend platform, for a role.
func (d *Demo) everybody(name string) string {
	var all []string
	for _, c := range d.chats {
		if id := c.Accounts[name]; id != "" {
			all = append(all, fmt.Sprintf("%q", c.Name+":"+id))
		}
	}
	return strings.Join(all, ", ")
}

// panes are their pages, framed beside the war room.
func (d *Demo) panes() []web.Pane {
	var out []web.Pane
	for _, c := range d.chats {
		out = append(out, web.Pane{Title: c.Title, URL: c.URL, As: c.Accounts})
	}
	return out
}
