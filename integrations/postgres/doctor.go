package postgres

import (
	"context"
	"fmt"

	"mayday/integrations"
)

const oldestVersion = 100000 // the first that knows backend_type

var _ integrations.Checker = (*target)(nil)

// Check asks every connection what Mayday may do there. It changes nothing.
func (t *target) Check(ctx context.Context) []integrations.Finding {
	var out []integrations.Finding
	for _, name := range t.names {
		out = append(out, t.connections[name].check(ctx)...)
		out = append(out, t.checkBackup(ctx, t.connections[name])...)
	}
	return out
}

func (c *connection) check(ctx context.Context) []integrations.Finding {
	ctx, cancel := context.WithTimeout(ctx, 2*connectTimeout)
	defer cancel()
	var we account
	functions := map[string]*function{}
	err := c.read(ctx, func(q querier) (err error) {
		if we, err = readAccount(ctx, q); err != nil {
			return err
		}
		for _, k := range []kind{terminating, cancelling} {
			if functions[k.action], err = c.readFunction(ctx, q, k, ""); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return []integrations.Finding{{Text: fmt.Sprintf("postgres %s: not reachable (%s)", c.name, inWords(err)), Fix: "Check the address in " + c.DSN.Ref() + " and the network."}}
	}
	out := c.checkAccount(we)
	for _, k := range []kind{terminating, cancelling} {
		out = append(out, c.checkWay(we, functions[k.action], k))
	}
	return out
}

func (c *connection) checkAccount(we account) []integrations.Finding {
	out := []integrations.Finding{{OK: true, Text: fmt.Sprintf("postgres %s: answers, version %s, as %s", c.name, we.versionText, we.user)}}
	if we.version < oldestVersion {
		out = append(out, integrations.Finding{Text: fmt.Sprintf("postgres %s: version %s is too old, 10 is the least", c.name, we.versionText)})
	}
	if we.superuser {
		out = append(out, integrations.Finding{
			Warn: true, Text: fmt.Sprintf("postgres %s: %s is a superuser, Mayday needs no such rights", c.name, we.user),
			Fix: "Give it a role of its own with pg_read_all_stats, and one of the two ways to signal.",
		})
		return out
	}
	if !we.readsStats {
		out = append(out, integrations.Finding{Text: fmt.Sprintf("postgres %s: sessions of other roles cannot be seen", c.name), Fix: we.grantStats()})
	}
	if we.signals && (c.Kill != "" || c.Cancel != "") {
		out = append(out, integrations.Finding{
			Warn: true, Text: fmt.Sprintf("postgres %s: %s holds pg_signal_backend as well, so the functions limit nothing", c.name, we.user),
			Fix: "REVOKE pg_signal_backend FROM " + we.quoted + ";",
		})
	}
	return out
}

// checkWay says which of the two ways of rights is in use, and whether it works.
func (c *connection) checkWay(we account, f *function, k kind) integrations.Finding {
	in := fmt.Sprintf("postgres %s: %s uses %s", c.name, k.action, way(f, k))
	l := lacking(we, f, nil)
	switch {
	case l == nil:
		return integrations.Finding{OK: true, Text: in}
	case f != nil && f.executable && f.definer:
		// Its owner may still be a member of the very roles that matter.
		return integrations.Finding{Warn: true, Text: in + ", but " + l.why, Fix: l.fix}
	}
	return integrations.Finding{Text: in + ", but " + l.why, Fix: l.fix}
}
