package commands

import (
	"cmp"
	"context"
	"strings"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

// Handler is the one handler of all platforms.
type Handler struct{ desk *bot.Desk }

var _ chat.Handler = (*Handler)(nil)

// New makes the handler over a desk.
func New(d *bot.Desk) *Handler { return &Handler{desk: d} }

// Handle answers a command or a press.
func (h *Handler) Handle(ctx context.Context, in chat.Interaction) (chat.Message, error) {
	in, err := h.desk.Arrive(ctx, in)
	if err != nil {
		return chat.Message{}, err
	}
	m, err := h.answer(ctx, in)
	h.desk.Missed(ctx, in, err)
	return m, err
}

func (h *Handler) answer(ctx context.Context, in chat.Interaction) (chat.Message, error) {
	by := h.desk.Person(in.Platform, in.User)
	if in.Quote != "" {
		return h.quoted(ctx, by, in)
	}
	if in.Button == "" {
		return h.command(ctx, by, in.Text, in.Incident)
	}
	redo, ok, err := h.desk.Redo(ctx, by, in.Button)
	if err != nil {
		return chat.Message{}, err
	}
	if ok {
		return h.command(ctx, by, redo.Text, redo.Incident)
	}
	return h.desk.Press(ctx, by, in.Button, in.Input)
}

func (h *Handler) command(ctx context.Context, by incident.Person, text, where string) (chat.Message, error) {
	text = h.bare(text)
	if text == "" {
		text = "help"
	}
	t, err := parse(text)
	if err != nil {
		return chat.Message{}, err
	}
	cmd := find(t.verb)
	if cmd == nil && t.verb == "rollback" {
		t.words, t.rest, cmd = append([]string{"rollback"}, t.words...), strings.TrimSpace("rollback "+t.rest), find("run")
	}
	if cmd == nil {
		return h.unknown(ctx, by, t, where)
	}
	c := &Call{Desk: h.desk, By: by, Rest: t.rest, Words: t.words, Named: t.named, Where: cmp.Or(t.incident, where)}
	if !cmd.NeedsIncident {
		return cmd.Run(ctx, c)
	}
	if t.incident != "" {
		where = t.incident
	}
	number, answer, err := h.which(ctx, by, text, t, where)
	if err != nil || number == 0 {
		return answer, err
	}
	c.Number = number
	return cmd.Run(ctx, c)
}

// bare takes off what platforms leave in front: "/mayday", "@mayday".
func (h *Handler) bare(text string) string {
	text = strings.TrimSpace(text)
	for _, head := range []string{"/" + h.desk.Command, "@" + h.desk.Command} {
		if rest, ok := strings.CutPrefix(text, head); ok && (rest == "" || rest[0] == ' ' || rest[0] == '\n') {
			return strings.TrimSpace(rest)
		}
	}
	return text
}

// unknown offers the verb that was probably meant, with the same arguments.
func (h *Handler) unknown(ctx context.Context, by incident.Person, t typed, where string) (chat.Message, error) {
	word := chat.Clamp(chat.Clean(t.verb), 30)
	meant := fault.Suggest(t.verb, vocabulary())
	if meant == "" {
		return chat.Message{}, fault.New(fault.Invalid, "E24", "I don't know `"+word+"`.", "Type help for what there is.")
	}
	m, err := h.desk.Offer(ctx, by, []string{"I don't know `" + word + "`. Did you mean `" + meant + "`? " + fault.Nothing},
		[]bot.Offer{{Label: "Do it: " + meant, Redo: bot.Redo{Text: strings.TrimSpace(meant + " " + t.rest), Incident: cmp.Or(t.incident, where)}}})
	m.Code = "E24"
	return m, err
}

// which finds the incident that is meant: the one named or whose thread it is,
// the only open one you own, the only open one, else a picker that goes on with
// the command as it was typed. It is never an error.
func (h *Handler) which(ctx context.Context, by incident.Person, text string, t typed, where string) (int64, chat.Message, error) {
	if where != "" {
		n, err := incident.ParseID(where)
		if err != nil {
			return 0, chat.Message{}, fault.New(fault.NotFound, "E23", "There is no "+chat.Clamp(chat.Clean(where), 30)+".", "Incidents are named like INC-42.")
		}
		return n, chat.Message{}, nil
	}
	open, err := h.desk.OpenIncidents(ctx)
	if err != nil {
		return 0, chat.Message{}, err
	}
	if len(open) == 1 {
		return open[0].Number, chat.Message{}, nil
	}
	mine, err := h.desk.OwnedBy(ctx, by.Name)
	if err != nil {
		return 0, chat.Message{}, err
	}
	if len(mine) == 1 {
		return mine[0].Number, chat.Message{}, nil
	}
	if len(open) == 0 {
		return h.nothingOpen(ctx, by, t)
	}
	lines := []string{"Which incident?"}
	var offers []bot.Offer
	for _, i := range open[:min(len(open), 5)] {
		lines = append(lines, bot.Line(i))
		offers = append(offers, bot.Offer{Label: strings.TrimSpace(i.ID() + " " + i.Service), Redo: bot.Redo{Text: text, Incident: i.ID()}})
	}
	m, err := h.desk.Offer(ctx, by, lines, offers)
	return 0, m, err
}

func (h *Handler) nothingOpen(ctx context.Context, by incident.Person, t typed) (int64, chat.Message, error) {
	title := t.rest
	if title == "" {
		title = "something is wrong"
	}
	m, err := h.desk.Offer(ctx, by, []string{"No open incident."},
		[]bot.Offer{{Label: "Open with these words", Redo: bot.Redo{Text: "open " + title}}})
	return 0, m, err
}

// Suggest completes an argument.
func (h *Handler) Suggest(ctx context.Context, q chat.Query) ([]chat.Choice, error) {
	cmd := find(q.Command)
	if cmd == nil {
		return nil, nil
	}
	if q.Incident == "" && q.Thread != "" {
		found, err := h.desk.Arrive(ctx, chat.Interaction{Platform: q.Platform, Thread: q.Thread})
		if err != nil {
			return nil, err
		}
		q.Incident = found.Incident
	}
	for _, a := range cmd.Args {
		if a.Name != q.Arg || a.Suggest == nil {
			continue
		}
		found, err := a.Suggest(ctx, h.desk, q)
		return found[:min(len(found), 25)], err
	}
	return nil, nil
}

// matching keeps the choices that contain what was typed.
func matching(q chat.Query, values, labels []string) []chat.Choice {
	var out []chat.Choice
	for n, v := range values {
		if strings.Contains(strings.ToLower(v), strings.ToLower(q.Prefix)) {
			out = append(out, chat.Choice{Value: v, Label: chat.Clamp(labels[n], 75)})
		}
	}
	return out
}
