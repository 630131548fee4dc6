package slack

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mayday/internal/practice"
)

// Aim sets the request URLs to those below a target: deliveries go over HTTP from
// then on. As the vendor does, it first sends a challenge to the one for events;
// "" goes back to Socket Mode.
func (s *Slack) Aim(target string) error {
	if target != "" {
		u, err := practice.LoopbackURL(target)
		if err != nil {
			return err
		}
		target = strings.TrimSuffix(u.String(), "/")
		if err := s.challenge(target); err != nil {
			return fmt.Errorf("the request URL could not be verified: %w", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.target = target
	return nil
}

func (s *Slack) challenge(target string) error {
	word := s.secret()
	body := encode(object{"token": verification, "challenge": word, "type": "url_verification"})
	a, err := s.call(context.Background(), target+paths[kindEvent], body, "application/json", s.sign(body))
	if err != nil {
		return err
	}
	var said struct{ Challenge string }
	_ = json.Unmarshal(a.body, &said) // plain text is as good
	if a.status != http.StatusOK || (said.Challenge != word && strings.TrimSpace(string(a.body)) != word) {
		return fmt.Errorf("the challenge was answered %d %.80q", a.status, a.body)
	}
	return nil
}

// verification is the token that payloads had before signatures; it proves
// nothing.
const verification = "practice-verification-token"

// Sign is the vendor's signature of a body as of a time.
func Sign(secret string, at time.Time, body []byte) http.Header {
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("v0:" + stamp + ":"))
	mac.Write(body)
	return http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {"v0=" + hex.EncodeToString(mac.Sum(nil))}}
}

func (s *Slack) sign(body []byte) http.Header { return Sign(s.o.SigningSecret, s.now(), body) }

type posted struct {
	status int
	header http.Header
	body   []byte
}

func (s *Slack) call(ctx context.Context, address string, body []byte, kind string, head http.Header) (posted, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return posted{}, fmt.Errorf("make the delivery: %w", err)
	}
	r.Header = head
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "Slackbot 1.0 (+https://api.slack.com/robots)")
	answer, err := s.client.Do(r)
	if err != nil {
		return posted{}, fmt.Errorf("deliver: %w", err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(io.LimitReader(answer.Body, largestBody))
	if err != nil {
		return posted{}, fmt.Errorf("read the answer to the delivery: %w", err)
	}
	return posted{status: answer.StatusCode, header: answer.Header, body: got}, nil
}

func (dl *delivery) contentType() string {
	if dl.kind == kindEvent {
		return "application/json"
	}
	return "application/x-www-form-urlencoded"
}

// post delivers over HTTP; the body of the answer may carry a payload.
func (s *Slack) post(ctx context.Context, target string, dl *delivery) {
	head := s.sign(dl.body)
	if dl.retry > 0 {
		head.Set("X-Slack-Retry-Num", strconv.Itoa(dl.retry))
		head.Set("X-Slack-Retry-Reason", dl.reason)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		dl.fail("the practice Slack was closed")
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.o.Deadline+time.Second)
	s.wait.Go(func() {
		defer cancel()
		a, err := s.call(ctx, target+paths[dl.kind], dl.body, dl.contentType(), head)
		switch {
		case err != nil:
			dl.fail(err.Error())
		case a.status < 200 || a.status > 299:
			dl.mu.Lock()
			dl.giveUp = a.header.Get("X-Slack-No-Retry") == "1"
			dl.mu.Unlock()
			dl.fail(fmt.Sprintf("it answered %d %.200q", a.status, a.body))
		default:
			dl.acknowledge(s.answerOf(dl, a))
		}
	})
	s.wait.Go(func() {
		select {
		case <-s.done:
			cancel()
		case <-ctx.Done():
		}
	})
}

// answerOf reads the payload of an answer: JSON, or the bare text of a message.
func (s *Slack) answerOf(dl *delivery, a posted) json.RawMessage {
	text := strings.TrimSpace(string(a.body))
	if text == "" || dl.kind == kindEvent {
		return nil
	}
	if json.Valid(a.body) && strings.HasPrefix(text, "{") {
		return a.body
	}
	if dl.kind == kindCommand {
		return encode(object{"text": text})
	}
	s.audit.breach("%s was answered with %.80q, which is no JSON", dl.what, text)
	return nil
}

// Deliver posts a body to a path of the target, signed with a secret as of a time.
func (s *Slack) Deliver(path string, body []byte, at time.Time, secret string) (status int, err error) {
	s.mu.Lock()
	target := s.target
	s.mu.Unlock()
	if target == "" {
		return 0, errors.New("there is no request URL")
	}
	kind := "application/x-www-form-urlencoded"
	if strings.HasSuffix(path, "/events") {
		kind = "application/json"
	}
	a, err := s.call(context.Background(), target+path, body, kind, Sign(secret, at, body))
	return a.status, err
}

// Payload is the last delivery as it was sent: its kind, and its body over HTTP.
func (s *Slack) Payload() (kind string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil {
		return "", nil
	}
	return s.last.kind, bytes.Clone(s.last.body)
}

// Redeliver sends the last delivery once more, and returns when it was
// acknowledged: an event as a retry, anything else byte for byte.
func (s *Slack) Redeliver(ctx context.Context) error {
	s.mu.Lock()
	last := s.last
	s.mu.Unlock()
	if last == nil {
		return errors.New("there was no delivery yet")
	}
	return s.send(ctx, last.again("http_timeout"))
}

// again is the same delivery once more.
func (dl *delivery) again(reason string) *delivery {
	out := &delivery{what: dl.what + ", once more", kind: dl.kind, payload: dl.payload, body: dl.body, user: dl.user, channel: dl.channel, trigger: dl.trigger, repeated: true}
	if dl.kind == kindEvent {
		out.retry, out.reason = dl.retry+1, reason
	}
	return out
}
