package discord

import "mayday/internal/practice"

// Pretend starts a Discord for the demo: the pretend company's server, with a
// page that shows it as a phone does.
func Pretend() (*practice.Chat, error) {
	const token = "pretend-discord-token"
	d, err := New(Options{Token: token, ApplicationID: Application, Server: Guild})
	if err != nil {
		return nil, err
	}
	base, err := d.Start("127.0.0.1:0")
	if err != nil {
		d.Close()
		return nil, err
	}
	return &practice.Chat{
		Name: "discord", Title: "Discord", URL: base, Close: d.Close,
		Settings: map[string]string{"api_url": base, "application_id": Application, "server": Guild},
		Secrets:  map[string]string{"token": token},
		Accounts: map[string]string{"Ana": Ana, "Li": Li, "Sam": Sam},
	}, nil
}
