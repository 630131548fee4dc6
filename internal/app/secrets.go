package app

import (
	"context"
	"errors"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/internal/store"
	"mayday/internal/telemetry"
)

// No secret leaves (P18, I12). There are four ways out, and each has one gate: the
// log (in telemetry), the store, which everything that is shown later is read
// from (discreetStore), what is said in chat (discreetHandler for answers,
// bot.Options.Censor for posts), and answers over HTTP (Redactor.Answers). What
// comes in passes the same gates, so a secret that somebody pastes into an alert
// or into the chat is not kept either.

// discreetStore is the store as the desk writes to it.
type discreetStore struct {
	*store.Store
	redactor *telemetry.Redactor
}

// Do cleans the entries that a decision answers, before they are sealed.
func (s discreetStore) Do(ctx context.Context, t incident.Target, decide incident.Decide) (*incident.Incident, error) {
	return s.Store.Do(ctx, t, func(v incident.View) (incident.Change, error) {
		c, err := decide(v)
		if err != nil {
			return c, err
		}
		entries := make([]incident.Entry, len(c.Entries))
		for n, e := range c.Entries {
			if entries[n], err = s.clean(e); err != nil {
				return c, err
			}
		}
		c.Entries = entries
		return c, nil
	})
}

func (s discreetStore) clean(e incident.Entry) (incident.Entry, error) {
	e.Text = s.redactor.Mask(e.Text)
	e.Actor, e.Via = s.redactor.DataText(e.Actor), s.redactor.DataText(e.Via)
	if e.Body == nil {
		return e, nil
	}
	raw, err := incident.EncodeBody(e.Body)
	if err != nil {
		return e, err
	}
	if clean := s.redactor.Data(raw); string(clean) != string(raw) {
		e.Body, err = incident.DecodeBody(e.Kind(), clean)
	}
	return e, err
}

// Receive keeps a body without the secrets that it quotes.
func (s discreetStore) Receive(ctx context.Context, source, eventID string, body []byte) (bool, error) {
	return s.Store.Receive(ctx, source, s.redactor.DataText(eventID), s.redactor.Data(body))
}

// Settle is that of the store, with a clean reason.
func (s discreetStore) Settle(ctx context.Context, c incident.Claim, state incident.InboxState, reason string) error {
	return s.Store.Settle(ctx, c, state, s.redactor.Mask(reason))
}

// Refused is that of the store, with a clean reason: vendors quote what they
// refuse.
func (s discreetStore) Refused(ctx context.Context, c incident.Claim, row incident.OutRow, reason string, quarantine bool) error {
	return s.Store.Refused(ctx, c, row, s.redactor.Mask(reason), quarantine)
}

// Note is that of the store, with a clean value.
func (s discreetStore) Note(ctx context.Context, key, value string) error {
	return s.Store.Note(ctx, key, s.redactor.DataText(value))
}

// discreetHandler is the one handler of all platforms, between two gates.
type discreetHandler struct {
	chat.Handler
	redactor *telemetry.Redactor
}

// Handle cleans what was said and what is answered.
func (h discreetHandler) Handle(ctx context.Context, in chat.Interaction) (chat.Message, error) {
	in.Text, in.Quote = h.redactor.DataText(in.Text), h.redactor.DataText(in.Quote)
	in.Input = h.input(in.Input)
	m, err := h.Handler.Handle(ctx, in)
	if err != nil {
		return m, discreet(h.redactor, err)
	}
	return telemetry.Clean(h.redactor, m)
}

func (h discreetHandler) input(in map[string]any) map[string]any {
	if clean, err := telemetry.Clean(h.redactor, in); err == nil {
		return clean
	}
	return in
}

// Suggest cleans what is suggested.
func (h discreetHandler) Suggest(ctx context.Context, q chat.Query) ([]chat.Choice, error) {
	found, err := h.Handler.Suggest(ctx, q)
	if err != nil {
		return nil, discreet(h.redactor, err)
	}
	return telemetry.Clean(h.redactor, found)
}

// discreet is an error without secrets. A fault stays one; the cause of another
// error is dropped when it quotes a secret.
func discreet(r *telemetry.Redactor, err error) error {
	if err == nil || r == nil {
		return err
	}
	var f *fault.Fault
	if !errors.As(err, &f) {
		if clean := r.Mask(err.Error()); clean != err.Error() {
			return errors.New(clean)
		}
		return err
	}
	clean := *f
	clean.Message, clean.State, clean.Hint = r.Mask(f.Message), r.Mask(f.State), r.Mask(f.Hint)
	if f.Err != nil && r.Mask(f.Err.Error()) != f.Err.Error() {
		clean.Err = errors.New(r.Mask(f.Err.Error()))
	}
	if clean.Text() == f.Text() && r.Mask(err.Error()) == err.Error() {
		clean.Err = f.Err // what it wraps may be asked for
	}
	return &clean
}

// discreetFindings are lines of doctor without secrets: they quote what vendors
// answer.
func discreetFindings(r *telemetry.Redactor, found []Finding) []Finding {
	for n := range found {
		found[n].Text, found[n].Fix = r.Mask(found[n].Text), r.Mask(found[n].Fix)
	}
	return found
}
