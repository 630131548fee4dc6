package app

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/bot/web"
	"mayday/commands"
	"mayday/integrations"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/internal/queue"
	"mayday/internal/store"
	"mayday/playbooks"

	"log/slog"
)

// bench is a desk over a real store with one act whose effect is a counter, for
// rules that must hold whatever the outside is.
type workbench struct {
	t       *testing.T
	now     time.Time
	store   *store.Store
	queue   *queue.Queue
	handler *commands.Handler
	desk    *bot.Desk
	done    atomic.Int64 // effects at the target
	world   atomic.Int64 // moves when somebody else changes the target
}

const workbenchBook = `name: end-it
say: End the thing
steps:
  - t.end: {thing: $thing}
ask: [thing]
`

const workbenchHold = `name: hold-it
say: Hold the thing
ask: [thing]
steps:
  - t.hold: {thing: $thing}
    remind: 30m
`

func newWorkbench(t *testing.T) *workbench {
	t.Helper()
	w := &workbench{t: t, now: time.Date(2026, 11, 25, 14, 0, 0, 0, time.UTC)}
	clock := func() time.Time { return w.now }
	st, err := store.Open(context.Background(), store.Options{Dir: t.TempDir(), Platforms: []string{"web"}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	w.store = st
	cat := playbooks.Catalogue{Actions: []integrations.Action{w.action(), w.holdAction()}, Connections: map[string][]string{}, Envs: map[string]string{}}
	book, problems := playbooks.Load(cat, playbooks.Source{Name: "end-it.yaml", Text: []byte(workbenchBook)},
		playbooks.Source{Name: "hold-it.yaml", Text: []byte(workbenchHold)})
	if err := playbooks.AsFault(problems); err != nil {
		t.Fatal(err)
	}
	room, err := web.Platform.New(chat.Start{})
	if err != nil {
		t.Fatal(err)
	}
	w.desk, err = bot.New(bot.Options{
		Store: bot.Store{Journal: st, Inbox: st, Outbox: st, Threads: st, Buttons: st, Reader: st, Notes: st}, Queue: st, Platforms: []chat.Platform{room},
		Book: book, Catalogue: cat, Policy: incident.DefaultPolicy(), Key: make([]byte, 32), Log: slog.New(slog.DiscardHandler), Now: clock,
		Safety: bot.Safety{SecondPerson: "danger", ProdPhrase: "target", ApprovalExpires: 10 * time.Minute, Glass: incident.Glass{Allowed: true, After: time.Minute}},
		People: bot.People{Same: []bot.Linked{
			{Name: "Ana", IDs: map[string]string{"web": "ana", "other": "U1"}},
			{Name: "Sam", IDs: map[string]string{"web": "sam", "other": "U2"}},
			{Name: "Cleo", IDs: map[string]string{"web": "cleo"}},
		}, Roles: map[incident.Role][]string{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.handler = commands.New(w.desk)
	w.queue = queue.New(st, queue.Options{}, map[string]queue.Handler{incident.WakeOut: w.desk.HandleOut, incident.WakeNudge: w.desk.HandleNudge,
		incident.WakeStep: w.desk.HandleStep, incident.WakeRun: w.desk.HandleRun, incident.WakeRemind: w.desk.HandleRemind})
	return w
}

// action ends a thing that is in whatever state the world counter says.
func (w *workbench) action() integrations.Action {
	return integrations.Action{Name: "t.end", Summary: "End the thing", Version: 1, Grade: incident.GradeDanger,
		Params: []integrations.Field{{Name: "thing", Kind: integrations.Text, Required: true}},
		Plan: func(_ context.Context, a integrations.Args) (integrations.Plan, error) {
			return integrations.Plan{Target: "thing/" + a.Text("thing"), Title: "End " + a.Text("thing"), Subject: a.Text("thing"),
				NoUndo: "This cannot be undone.", Pre: map[string]string{"world": fmt.Sprint(w.world.Load())}}, nil
		},
		Apply: func(context.Context, integrations.Plan, integrations.Keep) (integrations.Receipt, error) {
			w.done.Add(1)
			return integrations.Receipt{Text: "ended"}, nil
		},
		Probe: func(context.Context, integrations.Plan, integrations.Kept) (integrations.Evidence, error) {
			return integrations.Evidence{Text: "cannot tell", Applied: incident.Unknown}, nil
		},
	}
}

func (w *workbench) drain() {
	w.t.Helper()
	if err := w.queue.Drain(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *workbench) handle(in chat.Interaction) (chat.Message, error) {
	w.t.Helper()
	m, err := w.handler.Handle(context.Background(), in)
	w.drain()
	return m, err
}

// preview opens an incident as the requester and brings the act to its approval.
func (w *workbench) preview(by chat.Interaction) (*incident.Incident, *incident.Step) {
	w.t.Helper()
	by.Text = "open trouble"
	m, err := w.handle(by)
	if err != nil {
		w.t.Fatal(err)
	}
	by.Text, by.Incident = "run end-it thing=db", m.Incident
	if _, err := w.handle(by); err != nil {
		w.t.Fatal(err)
	}
	return w.step(m.Incident)
}

func (w *workbench) step(id string) (*incident.Incident, *incident.Step) {
	w.t.Helper()
	n, err := incident.ParseID(id)
	if err != nil {
		w.t.Fatal(err)
	}
	inc, err := w.store.Incident(context.Background(), n)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(inc.Steps) == 0 {
		return inc, nil
	}
	return inc, &inc.Steps[len(inc.Steps)-1]
}

func (w *workbench) button(inc *incident.Incident, verb string) string {
	w.t.Helper()
	k := &talk{app: &App{store: w.store}}
	for _, m := range k.posted("operations", inc.ID()) {
		for _, b := range append(append([]chat.Button(nil), m.Buttons...), m.More...) {
			if b.Verb == verb {
				return b.ID
			}
		}
	}
	w.t.Fatalf("%s has no button %q", inc.ID(), verb)
	return ""
}

// approvalCase is one combination of everything that an approval depends on.
type approvalCase struct {
	who      string // same, linked (the asker's other account), other, stranger (nobody knows whose account it is), service
	role     incident.Role
	platform string
	late     bool // the preview has expired
	consumed bool // somebody approved it before
	moved    bool // the target changed since the preview
	frozen   bool
}

// verdict is the model: the rules of P6 to P9 as one list, in the order in which
// they are looked at.
func (c approvalCase) verdict() (code string, runs bool) {
	switch {
	case c.frozen:
		return "E21", false
	case c.consumed:
		return "E22", false
	case c.late:
		return "E12", false
	case c.who == "service":
		return "E1", false
	case c.who == "same" || c.who == "linked":
		return "E11", false
	case !c.role.AtLeast(incident.Approver):
		return "E1", false
	case c.who == "stranger": // asked in another place: it may be the asker
		return "E11", false
	case c.moved:
		return "", false
	}
	return "", true
}

func (c approvalCase) approver() chat.Interaction {
	account := map[string]map[string]string{
		"web":   {"same": "ana", "linked": "ana", "other": "sam", "stranger": "laptop", "service": "robot"},
		"other": {"same": "U1", "linked": "U1", "other": "U2", "stranger": "U9", "service": "robot"},
	}[c.platform][c.who]
	return chat.Interaction{Platform: c.platform, User: chat.User{ID: account, Name: account, Role: string(c.role), Service: c.who == "service"}}
}

func (c approvalCase) requester() chat.Interaction {
	asker := chat.Interaction{Platform: "web", User: chat.User{ID: "ana", Name: "ana", Role: string(incident.Responder)}}
	if (c.who == "linked" || c.who == "stranger") == (c.platform == "web") {
		// These approve from the platform that did not ask.
		asker.Platform, asker.User.ID, asker.User.Name = "other", "U1", "U1"
	}
	return asker
}

// TestApprovalsAgreeWithTheModel presses [Approve and run] in every combination
// of person, role, platform, expiry, use, drift and freeze.
func TestApprovalsAgreeWithTheModel(t *testing.T) {
	t.Parallel()
	w := newWorkbench(t)
	n := 0
	for _, who := range []string{"same", "linked", "other", "stranger", "service"} {
		roles := incident.Roles
		if who != "other" && who != "stranger" { // the role never helps the asker or a machine
			roles = []incident.Role{incident.Responder, incident.Admin}
		}
		for _, role := range roles {
			for _, platform := range []string{"web", "other"} {
				for bits := range 16 {
					c := approvalCase{who: who, role: role, platform: platform, late: bits&1 != 0, consumed: bits&2 != 0, moved: bits&4 != 0, frozen: bits&8 != 0}
					w.check(c)
					n++
				}
			}
		}
	}
	t.Logf("%d combinations", n)
}

func (w *workbench) check(c approvalCase) {
	w.t.Helper()
	inc, s := w.preview(c.requester())
	approve := w.button(inc, "approve")
	if c.consumed {
		first := chat.Interaction{Platform: "web", User: chat.User{ID: "cleo", Name: "cleo", Role: string(incident.Admin)}, Button: approve, Input: map[string]any{"phrase": s.Phrase}}
		if _, err := w.handle(first); err != nil {
			w.t.Fatalf("%+v: the first approval: %v", c, err)
		}
	}
	before := w.done.Load()
	if c.late {
		w.now = w.now.Add(11 * time.Minute)
	}
	if c.moved {
		w.world.Add(1)
	}
	w.freeze(c.frozen)
	in := c.approver()
	in.Button, in.Input = approve, map[string]any{"phrase": s.Phrase}
	_, err := w.handle(in)
	w.freeze(false)
	code, runs := c.verdict()
	if got := codeOfErr(err); got != code {
		w.t.Errorf("%+v: answer %q, the model says %q (%v)", c, got, code, err)
	}
	if ran := w.done.Load() > before; ran != runs {
		w.t.Errorf("%+v: ran %v, the model says %v", c, ran, runs)
	}
	defer w.close(inc)
	if _, s := w.step(inc.ID()); c.moved && code == "" && s.State != incident.RefusedStale {
		w.t.Errorf("%+v: %s, not refused", c, s.State)
	}
}

// TestWhoDecidedDoesNotApprove: whoever wants a step tried again has asked for it,
// as whoever started the run has.
func TestWhoDecidedDoesNotApprove(t *testing.T) {
	t.Parallel()
	w := newWorkbench(t)
	ana := chat.Interaction{Platform: "web", User: chat.User{ID: "ana", Name: "ana", Role: string(incident.Responder)}}
	sam := chat.Interaction{Platform: "web", User: chat.User{ID: "sam", Name: "sam", Role: string(incident.Approver)}}
	cleo := chat.Interaction{Platform: "web", User: chat.User{ID: "cleo", Name: "cleo", Role: string(incident.Admin)}}
	inc, _ := w.preview(ana)
	press := func(by chat.Interaction, verb string) error {
		t.Helper()
		_, s := w.step(inc.ID())
		by.Button, by.Input = w.button(inc, verb), map[string]any{"phrase": s.Phrase}
		_, err := w.handle(by)
		return err
	}
	for _, move := range []struct {
		by   chat.Interaction
		verb string
		code string
	}{{ana, "withdraw", ""}, {sam, "again", ""}, {sam, "approve", "E11"}, {ana, "approve", "E11"}, {cleo, "approve", ""}} {
		if err := press(move.by, move.verb); codeOfErr(err) != move.code {
			t.Fatalf("%s presses %s: got %v, want %q", move.by.User.ID, move.verb, err, move.code)
		}
	}
	_, s := w.step(inc.ID())
	if s.State != incident.Succeeded || w.done.Load() != 1 || strings.Join(s.AskerNames(), ",") != "Ana,Sam" {
		t.Errorf("got %s, %d effects, asked by %v", s.State, w.done.Load(), s.AskerNames())
	}
}

// close ends the incident, so that its clock adds nothing to later cases.
func (w *workbench) close(inc *incident.Incident) {
	w.t.Helper()
	in := chat.Interaction{Platform: "web", User: chat.User{ID: "cleo", Name: "cleo", Role: string(incident.Admin)}, Text: "resolve enough", Incident: inc.ID()}
	if _, err := w.handle(in); err != nil {
		w.t.Fatal(err)
	}
}

func (w *workbench) freeze(on bool) {
	w.t.Helper()
	admin := incident.Person{Name: "Cleo", ID: "web:cleo", Role: incident.Admin}
	if err := w.store.Note(context.Background(), "freeze", fmt.Sprintf(`{"by":%q,"on":%v}`, admin.Name, on)); err != nil {
		w.t.Fatal(err)
	}
}

func codeOfErr(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Code
}
