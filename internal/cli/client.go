package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"mayday/internal/fault"
)

// remote is how a command finds the running server.
type remote struct {
	Server    string `placeholder:"URL" help:"The server (default: MAYDAY_URL, else http://127.0.0.1:7373)."`
	TokenFile string `placeholder:"FILE" help:"A file with the token (default: MAYDAY_TOKEN)."`
}

// post calls the JSON API and decodes what it answers.
func (m *remote) post(r *run, path, body string, into any) error {
	return m.call(r, http.MethodPost, path, body, into)
}

// get reads from the JSON API.
func (m *remote) get(r *run, path string, into any) error {
	return m.call(r, http.MethodGet, path, "", into)
}

func (m *remote) call(r *run, method, path, body string, into any) error {
	base := m.Server
	if base == "" {
		base = r.env.URL
	}
	if base == "" {
		base = "http://127.0.0.1:7373"
	}
	token, err := m.token(r)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(r.ctx, method, strings.TrimSuffix(base, "/")+path, strings.NewReader(body))
	if err != nil {
		return &exit{exitUsage, fmt.Errorf("the address of the server: %w", err)}
	}
	req.Header.Set("Authorization", "Bearer "+token)
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		return &exit{exitUnreachable, fmt.Errorf("no answer from %s: %w", base, errors.Unwrap(err))}
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return &exit{exitUnreachable, fmt.Errorf("read the answer of %s: %w", base, err)}
	}
	if resp.StatusCode != http.StatusOK {
		return refusal(resp.StatusCode, raw)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", base, err)
	}
	return nil
}

func (m *remote) token(r *run) (string, error) {
	if m.TokenFile == "" {
		if r.env.Token == "" {
			return "", &exit{exitUsage, errors.New("no token: set MAYDAY_TOKEN, or give --token-file FILE")}
		}
		return r.env.Token, nil
	}
	raw, err := os.ReadFile(m.TokenFile)
	if err != nil {
		return "", &exit{exitUsage, fmt.Errorf("read the token: %w", err)}
	}
	return strings.TrimSpace(string(raw)), nil
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
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return &exit{exitRefused, f}
	case http.StatusServiceUnavailable:
		return &exit{exitUnreachable, f}
	}
	return &exit{exitFailed, f}
}

type webCmd struct {
	Link webLinkCmd `cmd:"" help:"Make a one-time sign-in link for the war room."`
}

type webLinkCmd struct {
	remote
}

// Run prints a link that signs a browser in once.
func (c *webLinkCmd) Run(r *run) error {
	var answer struct {
		URL     string `json:"url"`
		Minutes int    `json:"minutes"`
	}
	if err := c.post(r, "/api/v1/links", "", &answer); err != nil {
		return err
	}
	fmt.Fprintln(r.out, answer.URL)
	fmt.Fprintf(r.words, "It works once, for %d minutes.\n", answer.Minutes)
	return nil
}
