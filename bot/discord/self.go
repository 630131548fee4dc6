package discord

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/bwmarrin/discordgo"
)

// self is who the bot is.
type self struct {
	mu          sync.Mutex
	application string
	bot         string
}

func (s *self) get() (application, bot string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.application, s.bot
}

// set keeps what was learnt; "" changes nothing.
func (s *self) set(application, bot string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if application != "" {
		s.application = application
	}
	if bot != "" {
		s.bot = bot
	}
}

// application is what the portal knows about us.
type application struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	VerifyKey string `json:"verify_key"`
	Endpoint  string `json:"interactions_endpoint_url"`
	Bot       *struct {
		ID       string `json:"id"`
		Username string `json:"username"`
	} `json:"bot"`
}

func (p *platform) askApplication(ctx context.Context) (application, error) {
	var a application
	err := p.api.do(ctx, call{method: http.MethodGet, url: discordgo.EndpointApplications + "/@me", route: "GET applications/@me", out: &a})
	if err != nil {
		return a, err
	}
	bot := ""
	if a.Bot != nil {
		bot = a.Bot.ID
	}
	p.self.set(a.ID, bot)
	return a, nil
}

// applicationID is what commands are registered under.
func (p *platform) applicationID(ctx context.Context) (string, error) {
	if id, _ := p.self.get(); id != "" {
		return id, nil
	}
	a, err := p.askApplication(ctx)
	return a.ID, err
}

// botID is the author of our messages.
func (p *platform) botID(ctx context.Context) (string, error) {
	if _, id := p.self.get(); id != "" {
		return id, nil
	}
	var u discordgo.User
	err := p.api.do(ctx, call{method: http.MethodGet, url: discordgo.EndpointUser("@me"), route: "GET users/@me", out: &u})
	if err != nil {
		return "", fmt.Errorf("ask who I am: %w", err)
	}
	p.self.set("", u.ID)
	return u.ID, nil
}
