package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"mayday/bot"
	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/playbooks"
)

// Rehearsal is a dry run of a playbook.
type Rehearsal = bot.Rehearsal

// Rehearsed is what a dry run found.
type Rehearsed = bot.Rehearsed

// library is what is needed to read playbooks and try them, without a store and
// without chat. The outside is only talked to when something is looked at.
type library struct {
	set   *settings
	parts *outsideParts
	book  *playbooks.Book
}

func openLibrary(f *config.File, env config.Env) (*library, error) {
	set, err := read(f, env)
	if err != nil {
		return nil, err
	}
	parts, err := connect(set, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	book, _, err := load(set, parts.catalogue)
	if err != nil {
		return nil, errors.Join(err, parts.close())
	}
	return &library{set: set, parts: parts, book: book}, nil
}

// Rehearse looks at the real targets, plans what a playbook would do, and does
// nothing. Errors are faults.
func Rehearse(ctx context.Context, f *config.File, env config.Env, r Rehearsal) (Rehearsed, error) {
	l, err := openLibrary(f, env)
	if err != nil {
		return Rehearsed{}, err
	}
	out, err := bot.Rehearse(ctx, bot.Options{Book: l.book, Catalogue: l.parts.catalogue, Services: l.set.services, People: l.set.people,
		Vouched: vouched(l.set.tokens), Safety: l.set.safety}, r)
	return out, errors.Join(err, l.parts.close())
}

// PlaybookView is a playbook as the command line shows it.
type PlaybookView struct {
	Name    string   `json:"name"`
	Say     string   `json:"say"`
	Inputs  []string `json:"inputs"` // "database=", "[older_than=5m]"
	Who     string   `json:"who"`
	For     []string `json:"for"`
	BuiltIn bool     `json:"built_in"`
	Usable  bool     `json:"usable"` // everything that it acts on is connected
	Steps   int      `json:"steps"`
	Text    string   `json:"text,omitempty"` // the file
}

func viewOf(p *playbooks.Playbook) PlaybookView {
	v := PlaybookView{Name: p.Name, Say: p.Say, Who: "responder", For: p.For, BuiltIn: p.BuiltIn, Usable: p.Usable, Steps: p.Steps(), Inputs: []string{}}
	if p.Who.Valid() {
		v.Who = string(p.Who)
	}
	for _, in := range p.Ask {
		word := in.Name + "="
		if in.Default != nil {
			word = fmt.Sprintf("[%s%v]", word, in.Default)
		}
		v.Inputs = append(v.Inputs, word)
	}
	return v
}

// Playbooks lists every playbook that can be read, in order.
func Playbooks(f *config.File, env config.Env) ([]PlaybookView, error) {
	l, err := openLibrary(f, env)
	if err != nil {
		return nil, err
	}
	out := []PlaybookView{}
	for _, name := range l.book.Names() {
		p, _ := l.book.Get(name)
		out = append(out, viewOf(p))
	}
	return out, l.parts.close()
}

// Playbook answers one of them with its file; E24 when there is none.
func Playbook(f *config.File, env config.Env, name string) (PlaybookView, error) {
	l, err := openLibrary(f, env)
	if err != nil {
		return PlaybookView{}, err
	}
	defer func() { _ = l.parts.close() }() // nothing was opened
	p, ok := l.book.Get(name)
	if !ok {
		names := l.book.Names()
		slices.Sort(names)
		return PlaybookView{}, fault.Newf(fault.NotFound, "E23", "There is no playbook %q.%s", name, fault.DidYouMean(name, names)).WithHint("mayday playbooks list")
	}
	v := viewOf(p)
	v.Text = p.Text()
	return v, nil
}
