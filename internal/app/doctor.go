package app

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"mayday/internal/config"
)

// Finding is one line of doctor.
type Finding struct {
	Part string `json:"part"`
	OK   bool   `json:"ok"`
	Warn bool   `json:"warn,omitempty"`
	Text string `json:"text"`
	Fix  string `json:"fix,omitempty"`
}

// Doctor asks every part what is missing. It changes nothing and needs no
// running server.
func Doctor(ctx context.Context, f *config.File, env config.Env) ([]Finding, error) {
	set, err := read(f, env)
	if err != nil {
		return nil, err
	}
	parts, err := connect(f, slog.New(slog.DiscardHandler), set.services)
	if err != nil {
		return nil, err
	}
	defer func() { _ = parts.close() }()
	book, problems, err := load(set, parts.catalogue)
	if err != nil {
		return nil, err
	}
	out := []Finding{{Part: "Config", OK: true, Text: fmt.Sprintf("%s (%d services, %d playbooks)", f.Name(), len(set.services), len(book.Names()))}}
	for _, p := range problems {
		out = append(out, Finding{Part: "Playbooks", Warn: p.Warning, Text: p.String()})
	}
	for _, name := range slices.Sorted(maps.Keys(parts.checkers)) {
		checkCtx, cancel := context.WithTimeout(ctx, 15*time.Second)
		for _, c := range parts.checkers[name].Check(checkCtx) {
			out = append(out, Finding{Part: name, OK: c.OK, Warn: c.Warn, Text: c.Text, Fix: c.Fix})
		}
		cancel()
	}
	if len(set.tokens) == 0 {
		out = append(out, Finding{Part: "Web", Warn: true, Text: "nobody can sign in: there are no web.tokens",
			Fix: "web: {tokens: [{name: ana, role: responder, token: env:ANA_TOKEN}]}"})
	}
	return out, nil
}
