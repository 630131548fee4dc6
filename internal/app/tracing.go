package app

import (
	"context"
	"fmt"
	"net/url"

	"mayday/bot"
	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/telemetry"
)

// honeycomb is connect.honeycomb. The key starts the traces of Mayday itself; the
// rest says where its team looks at them.
type honeycomb struct {
	APIURL      string        `yaml:"api_url"`
	UIURL       string        `yaml:"ui_url"`
	Key         config.Secret `yaml:"key"`
	Team        string        `yaml:"team"`
	Environment string        `yaml:"environment"`
}

func (s *settings) readHoneycomb() error {
	section := s.file.Section("connect", "honeycomb")
	if !section.Exists() {
		return nil
	}
	if err := section.Decode(&s.honeycomb); err != nil {
		return err
	}
	for key, text := range map[string]string{"api_url": s.honeycomb.APIURL, "ui_url": s.honeycomb.UIURL} {
		if u, err := url.Parse(text); text != "" && (err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http")) {
			return section.Fault(key, "`%s` of `connect.honeycomb` is an address like https://api.eu1.honeycomb.io", key)
		}
	}
	if s.honeycomb.Key.IsZero() {
		return section.Fault("", "`connect.honeycomb` needs `key`, as in key: env:HONEYCOMB_KEY")
	}
	return nil
}

// startTracing answers nil without a key: then nothing of it runs.
func (a *App) startTracing() (bot.Tracer, error) {
	h := a.set.honeycomb
	if h.Key.IsZero() {
		return nil, nil
	}
	key, err := h.Key.Reveal()
	if err != nil {
		return nil, fmt.Errorf("read connect.honeycomb.key: %w", err)
	}
	tracer, err := a.tel.StartTracing(telemetry.TraceOptions{Key: key, APIURL: h.APIURL})
	if err != nil {
		return nil, err
	}
	a.stops.push("tracing", tracer.Close)
	return tracer, nil
}

// traced puts a span around what people do, where anybody traces.
func traced(h chat.Handler, t bot.Tracer) chat.Handler {
	if t == nil {
		return h
	}
	return tracedHandler{Handler: h, tracer: t}
}

type tracedHandler struct {
	chat.Handler
	tracer bot.Tracer
}

// Handle names the platform and the kind; what was said stays out of the span.
func (h tracedHandler) Handle(ctx context.Context, in chat.Interaction) (chat.Message, error) {
	name := "command"
	if in.Button != "" {
		name = "press"
	}
	ctx, end := h.tracer.Span(ctx, name, "", "")
	h.tracer.Tell(ctx, "platform", in.Platform)
	m, err := h.Handler.Handle(ctx, in)
	h.tracer.Tell(ctx, "incident", m.Incident)
	h.tracer.Tell(ctx, "code", m.Code)
	end(err)
	return m, err
}
