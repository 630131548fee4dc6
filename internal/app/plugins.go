package app

import (
	"mayday/bot/chat"
	"mayday/bot/discord"
	"mayday/bot/slack"
	"mayday/bot/web"
	"mayday/integrations"
	"mayday/integrations/alertmanager"
	"mayday/integrations/backups"
	"mayday/integrations/changes"
	"mayday/integrations/exec"
	"mayday/integrations/kubernetes"
	"mayday/integrations/launchdarkly"
	"mayday/integrations/pagerduty"
	"mayday/integrations/postgres"
	"mayday/integrations/prometheus"
	"mayday/internal/practice"
	practicediscord "mayday/internal/practice/discord"
	practiceslack "mayday/internal/practice/slack"
)

// One more chat platform or integration is a package and one line here.
var (
	platforms = []chat.Adapter{
		web.Platform,
		slack.Platform,
		discord.Platform,
	}
	// pretend are the chat platforms of the demo: each behaves like one above.
	pretend = []func() (*practice.Chat, error){
		practiceslack.Pretend,
		practicediscord.Pretend,
	}
	outside = []integrations.Integration{
		pagerduty.Integration,
		postgres.Integration,
		kubernetes.Integration,
		launchdarkly.Integration,
		exec.Integration,
		prometheus.Integration,
		alertmanager.Integration,
		changes.Integration,
		backups.Integration,
	}
)
