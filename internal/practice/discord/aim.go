package discord

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mayday/internal/practice"
)

// Endpoint is the path of a bot's interactions endpoint.
const Endpoint = "/hooks/discord"

// Aim sets the interactions endpoint URL to target+Endpoint. As the vendor does,
// it first sends a ping and probes with bad signatures, and refuses an endpoint
// that answers them wrongly. From then on interactions go over HTTP alone.
func (d *Discord) Aim(target string) error {
	u, err := practice.LoopbackURL(target)
	if err != nil {
		return err
	}
	address := strings.TrimSuffix(u.String(), "/") + Endpoint
	if err := d.probe(address); err != nil {
		return fmt.Errorf("the interactions endpoint URL could not be verified: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.target = address
	return nil
}

// Unaim removes the URL: interactions go over the gateway again.
func (d *Discord) Unaim() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.target = ""
}

// Probe repeats the check of Aim, as the vendor does now and then, and removes the
// URL when it fails.
func (d *Discord) Probe() error {
	d.mu.Lock()
	target := d.target
	d.mu.Unlock()
	if target == "" {
		return errors.New("there is no interactions endpoint URL")
	}
	if err := d.probe(target); err != nil {
		d.Unaim()
		return fmt.Errorf("the interactions endpoint URL was removed: %w", err)
	}
	return nil
}

func (d *Discord) probe(address string) error {
	d.mu.Lock()
	ping, err := encode(object{
		"id": d.newID(), "application_id": d.o.ApplicationID, "type": kindPing, "token": "ping", "version": 1, "user": userJSON(d.author(Sam)),
		"entitlements": []any{}, "authorizing_integration_owners": object{},
	})
	d.mu.Unlock()
	if err != nil {
		return err
	}
	if err := d.ping(address, ping); err != nil {
		return err
	}
	_, stranger, err := ed25519.GenerateKey(nil)
	if err != nil {
		return fmt.Errorf("make a key pair: %w", err)
	}
	good := sign(d.private, d.now(), ping)
	probes := map[string]http.Header{
		"a forged signature":     sign(stranger, d.now(), ping),
		"no signature":           {},
		"another timestamp":      {headerSignature: good[headerSignature], headerTime: {"1"}},
		"a signature of no sort": {headerSignature: {"not hex"}, headerTime: good[headerTime]},
	}
	for what, head := range probes {
		a, err := d.post(context.Background(), address, ping, head)
		if err != nil {
			return err
		}
		if a.status != http.StatusUnauthorized {
			return fmt.Errorf("a ping with %s was answered %d, want 401", what, a.status)
		}
	}
	return nil
}

func (d *Discord) ping(address string, ping []byte) error {
	a, err := d.post(context.Background(), address, ping, sign(d.private, d.now(), ping))
	if err != nil {
		return err
	}
	var pong response
	if a.status != http.StatusOK || json.Unmarshal(a.body, &pong) != nil || pong.Type != answerPong {
		return fmt.Errorf("a ping was answered %d %.80q, want 200 with type 1", a.status, a.body)
	}
	if kind, _, err := mime.ParseMediaType(a.kind); err != nil || kind != "application/json" {
		return fmt.Errorf("a ping was answered with content type %q, want application/json", a.kind)
	}
	return nil
}

const (
	headerSignature = "X-Signature-Ed25519"
	headerTime      = "X-Signature-Timestamp"
)

func sign(key ed25519.PrivateKey, at time.Time, body []byte) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	sum := ed25519.Sign(key, append([]byte(stamp), body...))
	return http.Header{headerSignature: {hex.EncodeToString(sum)}, headerTime: {stamp}}
}

type posted struct {
	status int
	kind   string
	body   []byte
}

func (d *Discord) post(ctx context.Context, address string, body []byte, head http.Header) (posted, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return posted{}, fmt.Errorf("make the delivery: %w", err)
	}
	r.Header = head.Clone()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Discord-Interactions/1.0 (+https://discord.com)")
	answer, err := d.client.Do(r)
	if err != nil {
		return posted{}, fmt.Errorf("deliver the interaction: %w", err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(io.LimitReader(answer.Body, largestBody))
	if err != nil {
		return posted{}, fmt.Errorf("read the answer to the interaction: %w", err)
	}
	return posted{status: answer.StatusCode, kind: answer.Header.Get("Content-Type"), body: got}, nil
}

// Deliver posts a body to the endpoint, signed with a key as of a time.
func (d *Discord) Deliver(ctx context.Context, body []byte, at time.Time, key ed25519.PrivateKey) (status int, answer []byte, err error) {
	d.mu.Lock()
	target := d.target
	d.mu.Unlock()
	if target == "" {
		return 0, nil, errors.New("there is no interactions endpoint URL")
	}
	a, err := d.post(ctx, target, body, sign(key, at, body))
	return a.status, a.body, err
}

// Payload is the last interaction as it was sent.
func (d *Discord) Payload() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.last == nil {
		return nil
	}
	return bytes.Clone(d.last.payload)
}

// Redeliver sends the last interaction once more, with the same id. Over the
// gateway the status is 0.
func (d *Discord) Redeliver(ctx context.Context) (status int, answer []byte, err error) {
	payload := d.Payload()
	if payload == nil {
		return 0, nil, errors.New("there was no interaction yet")
	}
	d.mu.Lock()
	target := d.target
	d.mu.Unlock()
	if target != "" {
		return d.Deliver(ctx, payload, d.now(), d.private)
	}
	if d.gateway.interaction(payload) == nobody {
		return 0, nil, errors.New("the bot is not connected")
	}
	return 0, nil, nil
}

// postInteraction delivers over HTTP; the body of the answer may be the first
// response. It is called under mu, when nothing was closed yet.
func (d *Discord) postInteraction(ctx context.Context, target string, in *interaction) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.o.Deadline+time.Second)
	d.wait.Go(func() {
		defer cancel()
		a, err := d.post(ctx, target, in.payload, sign(d.private, d.now(), in.payload))
		if err != nil {
			d.undelivered(in, err)
			return
		}
		d.answered(in, a)
	})
	d.wait.Go(func() {
		select {
		case <-d.done:
			cancel()
		case <-ctx.Done():
		}
	})
}

// undelivered ends an interaction whose endpoint cannot be reached.
func (d *Discord) undelivered(in *interaction, err error) {
	d.log.Info("an interaction was not delivered", "error", err)
	d.mu.Lock()
	defer d.mu.Unlock()
	if in.answer != 0 || in.dead {
		return
	}
	in.failure = err.Error()
	close(in.failed)
}

// answered takes the body of an answer as the first response.
func (d *Discord) answered(in *interaction, a posted) {
	if a.status == http.StatusAccepted || a.status == http.StatusNoContent {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if in.answer != 0 || in.dead {
		return
	}
	if a.status != http.StatusOK {
		in.failure = fmt.Sprintf("the endpoint answered %d %.200q", a.status, a.body)
		close(in.failed)
		return
	}
	c := &call{Request: &http.Request{Header: http.Header{"Content-Type": {a.kind}}}, body: a.body}
	body, files, err := readBody(c)
	if err == nil {
		err = d.respond(in, body, files)
	}
	if err != nil {
		in.failure = err.Error()
		close(in.failed)
		d.audit.breach("the response to %s was refused: %v", in.what, asRefusal(err).body())
	}
}
