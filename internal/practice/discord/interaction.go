package discord

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"crypto/rand"
)

// Types of interactions.
const (
	kindPing         = 1
	kindCommand      = 2
	kindComponent    = 3
	kindAutocomplete = 4
	kindModal        = 5
)

// Types of first responses.
const (
	answerPong           = 1
	answerMessage        = 4
	answerDeferred       = 5
	answerDeferredUpdate = 6
	answerUpdate         = 7
	answerChoices        = 8
	answerModal          = 9
)

const tokenLife = 15 * time.Minute

// interaction is something a person did, and what came of it, under mu.
type interaction struct {
	id, token     string
	kind          int
	user, channel string
	what          string // in words, for breaches
	at            time.Time
	started       time.Time
	payload       []byte
	source        *message // of a press, and of a modal that a press opened

	answer   int // the first response; 0 is none yet
	dead     bool
	troubled bool // a fault of the script befell its response
	failure  string
	original *message
	loading  bool
	complete bool // nothing is deferred any more
	made     []*message
	choices  []Choice
	modal    *openModal
	failed   chan struct{} // closed when the endpoint answered wrongly
	first    chan struct{}
	settled  chan struct{}
}

// openModal is a form that is open on somebody's phone.
type openModal struct {
	draft   modalDraft
	channel string
	source  *message
}

// begin makes an interaction, under mu.
func (d *Discord) begin(kind int, user, channel, what string) *interaction {
	random := make([]byte, 120)
	_, _ = rand.Read(random) // it never fails
	in := &interaction{
		kind: kind, user: user, channel: channel, what: what, at: d.now(), started: time.Now(),
		failed: make(chan struct{}), first: make(chan struct{}), settled: make(chan struct{}),
	}
	in.id = d.newID()
	in.token = base64.RawURLEncoding.EncodeToString([]byte("interaction:"+in.id+":")) + base64.RawURLEncoding.EncodeToString(random)
	d.interactions[in.token] = in
	d.last = in
	return in
}

// write makes the payload, under mu.
func (d *Discord) write(in *interaction, data object) error {
	p, c := d.world.person(in.user), d.world.channel(in.channel)
	member := d.memberJSON(p)
	member["permissions"] = d.world.rights(p, c).String()
	place := d.channelJSON(c)
	place["permissions"] = d.world.rights(p, c).String()
	body := object{
		"id": in.id, "application_id": d.o.ApplicationID, "type": in.kind, "token": in.token, "version": 1, "data": data,
		"guild_id": d.world.id, "guild": object{"id": d.world.id, "locale": "en-US", "features": []any{}}, "channel_id": c.id, "channel": place,
		"member": member, "app_permissions": d.world.rights(d.world.person(d.world.bot), c).String(), "locale": "en-US", "guild_locale": "en-US",
		"entitlements": []any{}, "entitlement_sku_ids": []any{}, "authorizing_integration_owners": object{"0": d.world.id}, "context": 0, "attachment_size_limit": 10485760,
	}
	if in.source != nil {
		body["message"] = d.messageJSON(in.source)
	}
	raw, err := encode(body)
	if err != nil {
		return fmt.Errorf("write the interaction: %w", err)
	}
	in.payload = raw
	return nil
}

// response is a first response as a caller writes it.
type response struct {
	Type int             `json:"type"`
	Data json.RawMessage `json:"data"`
}

func (in *interaction) takes() []int {
	switch in.kind {
	case kindAutocomplete:
		return []int{answerChoices}
	case kindCommand:
		return []int{answerMessage, answerDeferred, answerModal}
	case kindComponent:
		return []int{answerMessage, answerDeferred, answerDeferredUpdate, answerUpdate, answerModal}
	}
	if in.source != nil {
		return []int{answerMessage, answerDeferred, answerDeferredUpdate, answerUpdate}
	}
	return []int{answerMessage, answerDeferred}
}

// respond takes a first response, under mu.
func (d *Discord) respond(in *interaction, body []byte, files []file) error {
	if in.answer != 0 {
		return refuse(http.StatusBadRequest, 40060, "Interaction has already been acknowledged.")
	}
	if in.dead || time.Since(in.started) > d.o.Deadline {
		return unknownInteraction()
	}
	var r response
	if err := decode(body, &r); err != nil {
		return err
	}
	f := &form{}
	if takes := in.takes(); !slices.Contains(takes, r.Type) {
		f.choices("type", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(takes)), ", "), "[]"))
		return f.err()
	}
	if err := d.apply(in, r, files); err != nil {
		return err
	}
	in.answer = r.Type
	close(in.first)
	if !in.loading && r.Type != answerDeferredUpdate {
		in.settle()
	}
	return nil
}

// settle notes that what was deferred is there.
func (in *interaction) settle() {
	if in.complete {
		return
	}
	in.complete = true
	close(in.settled)
}

func (d *Discord) apply(in *interaction, r response, files []file) error {
	switch r.Type {
	case answerChoices:
		return in.suggest(r.Data)
	case answerModal:
		return d.openModal(in, r.Data)
	case answerDeferredUpdate:
		in.original = in.source
		return nil
	}
	m := &draft{}
	if len(r.Data) > 0 {
		if err := decode(r.Data, m); err != nil {
			return inData(err)
		}
	}
	m.uploads = files
	if err := m.describe(); err != nil {
		return inData(err)
	}
	if r.Type == answerDeferred {
		d.deferAnswer(in, m.has(flagEphemeral))
		return nil
	}
	return d.answerWith(in, r.Type, m)
}

// inData moves the tree of a form below "data".
func inData(err error) error {
	r := asRefusal(err)
	if r.tree != nil {
		r.tree = object{"data": r.tree}
	}
	return r
}

func (d *Discord) answerWith(in *interaction, kind int, m *draft) error {
	var old *message
	if kind == answerUpdate {
		old = in.source
	}
	if err := m.check(old); err != nil {
		return inData(err)
	}
	d.wantMentions(fmt.Sprintf("the response to %s", in.what), m)
	if kind == answerUpdate {
		in.original = old
		d.change(old, m)
		return nil
	}
	in.original = d.say(in, m, m.has(flagEphemeral))
	return nil
}

// deferAnswer shows that the bot is thinking.
func (d *Discord) deferAnswer(in *interaction, ephemeral bool) {
	in.loading = true
	in.original = d.say(in, &draft{}, ephemeral)
	in.original.flags |= flagLoading
	in.original.pinged = nil
}

// say posts what an interaction brought: for all to see, or for one person.
func (d *Discord) say(in *interaction, m *draft, ephemeral bool) *message {
	one := &message{id: d.newID(), channel: in.channel, author: d.world.bot, at: d.now(), webhook: true, by: in, files: d.store(m)}
	m.put(one, flagsNew)
	if in.answer == 0 && in.kind == kindCommand {
		one.kind = 20
	}
	in.made = append(in.made, one)
	if ephemeral {
		one.flags |= flagEphemeral
		one.viewer = in.user
		d.ephemerals[in.user] = append(d.ephemerals[in.user], one)
		return one
	}
	if c := d.world.channel(in.channel); c != nil {
		d.add(c, one)
	}
	return one
}

func (in *interaction) suggest(data json.RawMessage) error {
	var got struct {
		Choices []commandChoice `json:"choices"`
	}
	if err := decode(data, &got); err != nil {
		return inData(err)
	}
	f := &form{}
	if len(got.Choices) > 25 {
		f.bad("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
	}
	for n, c := range got.Choices {
		f.length(fmt.Sprintf("data.choices.%d.name", n), c.Name, 1, 100)
		f.length(fmt.Sprintf("data.choices.%d.value", n), fmt.Sprint(c.Value), 1, 100)
		in.choices = append(in.choices, Choice{Name: c.Name, Value: fmt.Sprint(c.Value)})
	}
	return f.err()
}

func (d *Discord) openModal(in *interaction, data json.RawMessage) error {
	var m modalDraft
	if err := decode(data, &m); err != nil {
		return inData(err)
	}
	if err := m.check(); err != nil {
		return err
	}
	in.modal = &openModal{draft: m, channel: in.channel, source: in.source}
	d.modals[in.user] = in.modal
	return nil
}
