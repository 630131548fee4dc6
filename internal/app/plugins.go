package app

import (
	"mayday/bot/chat"
	"mayday/bot/discord"
	"mayday/bot/web"
	"mayday/integrations"
	"mayday/integrations/exec"
	"mayday/integrations/launchdarkly"
	"mayday/integrations/pagerduty"
	"mayday/integrations/postgres"
)

// One more chat platform or integration is a package and one line here.
var (
	platforms = []chat.Adapter{
		web.Platform,
		discord.Platform,
	}
	outside = []integrations.Integration{
		pagerduty.Integration,
		postgres.Integration,
		launchdarkly.Integration,
		exec.Integration,
	}
)
