package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"mayday/internal/fault"
)

// remote is how a command finds the running server, and as whom.
type remote struct {
	Server    string `placeholder:"URL" help:"The server (default: MAYDAY_URL, else http://127.0.0.1:7373)."`
	TokenFile string `placeholder:"FILE" help:"A file with the token (default: MAYDAY_TOKEN)."`
	As        string `placeholder:"NAME:ROLE" help:"In a demo: act as somebody else, as in --as Li:approver."`

	secret string // of the host, where no token is given
}

// answerMost bounds what is read of an answer.
const answerMost = 16 << 20

// post calls the JSON API and decodes what it answers.
func (m *remote) post(r *run, path string, body, into any) error {
	raw := []byte{}
	if body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return fmt.Errorf("write the request: %w", err)
		}
	}
	return m.call(r, http.MethodPost, path, raw, into)
}

// get reads from the JSON API.
func (m *remote) get(r *run, path string, into any) error {
	return m.call(r, http.MethodGet, path, nil, into)
}

// call reads an answer whole. One that is not JSON goes into a *string.
func (m *remote) call(r *run, method, path string, body []byte, into any) error {
	resp, err := m.send(r, method, path, body, 10*time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	if err != nil {
		return &exit{exitUnreachable, fmt.Errorf("read the answer of %s: %w", m.base(r), err)}
	}
	if text, ok := into.(*string); ok {
		*text = string(raw)
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", m.base(r), err)
	}
	return nil
}

// send makes a request and answers it only when the server took it. The limit
// is for the whole answer; 0 means none.
func (m *remote) send(r *run, method, path string, body []byte, limit time.Duration) (*http.Response, error) {
	token, err := m.token(r)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(r.ctx, method, m.base(r)+path, bytes.NewReader(body))
	if err != nil {
		return nil, &exit{exitUsage, fmt.Errorf("the address of the server: %w", err)}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if m.As != "" {
		req.Header.Set("Mayday-As", m.As)
	}
	if r.style.Verbose {
		r.say("%s %s%s", method, m.base(r), path)
	}
	client := http.Client{Timeout: limit, CheckRedirect: noRedirect}
	resp, err := client.Do(req)
	if err != nil && r.ctx.Err() != nil {
		return nil, r.ctx.Err()
	}
	if err != nil {
		return nil, &exit{exitUnreachable, fmt.Errorf("no answer from %s: %w", m.base(r), cause(err))}
	}
	if resp.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // half a refusal is one as well
		return nil, errors.Join(refusal(resp.StatusCode, raw), resp.Body.Close())
	}
	return resp, nil
}

// noRedirect keeps the token from following an answer to somewhere else.
func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// cause leaves out what the address says already.
func cause(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

func (m *remote) base(r *run) string {
	for _, at := range []string{m.Server, r.env.URL} {
		if at != "" {
			return strings.TrimSuffix(at, "/")
		}
	}
	return "http://127.0.0.1:7373"
}

func (m *remote) token(r *run) (string, error) {
	if m.TokenFile == "" {
		if m.secret != "" {
			return m.secret, nil
		}
		if r.env.Token == "" {
			return "", &exit{exitUsage, errors.New("no token: set MAYDAY_TOKEN, or give --token-file FILE")}
		}
		return r.env.Token, nil
	}
	raw, err := os.ReadFile(m.TokenFile)
	if err != nil {
		return "", &exit{exitUsage, fmt.Errorf("read the token: %w", err)}
	}
	token := strings.TrimSpace(string(raw))
	if token == "" || strings.ContainsAny(token, " \r\n") {
		return "", &exit{exitUsage, fmt.Errorf("%s holds no token: one word is wanted", m.TokenFile)}
	}
	return token, nil
}

// refusal turns an error of the API into one for people, with its exit code.
func refusal(status int, raw []byte) error {
	var answer struct {
		Error struct{ Code, Message, Hint string }
	}
	if json.Unmarshal(raw, &answer) != nil || answer.Error.Message == "" {
		return &exit{exitFailed, fmt.Errorf("the server answered %d", status)}
	}
	f := &fault.Fault{Kind: fault.Conflict, Code: answer.Error.Code, Message: answer.Error.Message, Hint: answer.Error.Hint}
	if !strings.HasPrefix(f.Code, "E") {
		f.Code = "" // the name of a kind, which is for programs
	}
	if code := codeExit(f.Code); code != exitFailed {
		return &exit{code, f} // it says more than the status does
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return &exit{exitRefused, f}
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return &exit{exitUnreachable, f}
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		return &exit{exitUsage, f}
	}
	return &exit{exitFailed, f}
}
