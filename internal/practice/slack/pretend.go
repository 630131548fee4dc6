package slack

import "mayday/internal/practice"

// Pretend starts a Slack for the demo: the pretend company's workspace, with a
// page that shows it as a phone does.
func Pretend() (*practice.Chat, error) {
	o := Options{BotToken: "xoxb-pretend-0123456789", AppToken: "xapp-pretend-0123456789", SigningSecret: "pretend-secret-0123456789"}
	s, err := New(o)
	if err != nil {
		return nil, err
	}
	base, err := s.Start("127.0.0.1:0")
	if err != nil {
		s.Close()
		return nil, err
	}
	return &practice.Chat{
		Name: "slack", Title: "Slack", URL: base, Close: s.Close,
		Settings: map[string]string{"api_url": base + "/api/"},
		Secrets:  map[string]string{"bot_token": o.BotToken, "app_token": o.AppToken},
		Accounts: map[string]string{"Ana": Ana, "Li": Li, "Sam": Sam},
	}, nil
}
