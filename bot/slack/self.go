package slack

import (
	"context"
	"fmt"
	"sync"

	slackgo "github.com/slack-go/slack"
)

// identity is who the bot is.
type identity struct {
	Team   string `json:"team"`
	TeamID string `json:"team_id"`
	User   string `json:"user"`
	UserID string `json:"user_id"`
	BotID  string `json:"bot_id"`
}

// self remembers it.
type self struct {
	api *api

	mu    sync.Mutex
	known identity
}

// now answers what is known, without asking.
func (s *self) now() identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known
}

// get asks when it is not known.
func (s *self) get(ctx context.Context) (identity, error) {
	if known := s.now(); known.TeamID != "" {
		return known, nil
	}
	return s.ask(ctx, nil)
}

// ask asks in any case; scopes takes the scopes of the token.
func (s *self) ask(ctx context.Context, scopes *string) (identity, error) {
	var got identity
	err := s.api.do(ctx, call{method: methodAuth, out: &got, scopes: scopes, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.AuthTestContext(ctx)
		return err
	}})
	if err != nil {
		return identity{}, fmt.Errorf("ask who I am: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = got
	return got, nil
}
