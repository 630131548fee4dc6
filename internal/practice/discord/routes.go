package discord

import "time"

// allRoutes are the paths that a bot like Mayday needs, with their buckets: so
// many calls in such a time for each channel, guild or webhook.
func (d *Discord) allRoutes() []route {
	const s = time.Second
	return []route{
		public(at("GET", "/gateway", 0, 0, d.getGateway)),
		at("GET", "/gateway/bot", 2, 5*s, d.getGatewayBot),
		at("GET", "/users/@me", 30, 30*s, d.getMe),
		at("GET", "/users/@me/guilds", 5, 5*s, d.getMyGuilds),
		at("GET", "/applications/@me", 30, 30*s, d.getApplication),
		at("GET", "/oauth2/applications/@me", 30, 30*s, d.getApplication),

		at("GET", "/guilds/{guild_id}", 10, 10*s, d.inGuild(d.getGuild)),
		at("GET", "/guilds/{guild_id}/channels", 10, 10*s, d.inGuild(d.getChannels)),
		at("GET", "/guilds/{guild_id}/roles", 10, 10*s, d.inGuild(d.getRoles)),
		at("GET", "/guilds/{guild_id}/threads/active", 10, 10*s, d.inGuild(d.getActiveThreads)),
		at("GET", "/guilds/{guild_id}/members/{user_id}", 10, 10*s, d.inGuild(d.getMember)),

		at("GET", "/channels/{channel_id}", 50, 5*s, d.inChannel(d.getChannel)),
		at("PATCH", "/channels/{channel_id}", 5, 5*s, d.inChannel(d.patchChannel)),
		at("GET", "/channels/{channel_id}/messages", 5, 5*s, d.inChannel(d.getMessages)),
		at("POST", "/channels/{channel_id}/messages", 5, 5*s, d.inChannel(d.postMessage)),
		at("GET", "/channels/{channel_id}/messages/pins", 5, 5*s, d.inChannel(d.getPins)),
		at("PUT", "/channels/{channel_id}/messages/pins/{message_id}", 5, 5*s, d.inChannel(d.putPin)),
		at("DELETE", "/channels/{channel_id}/messages/pins/{message_id}", 5, 5*s, d.inChannel(d.deletePin)),
		at("GET", "/channels/{channel_id}/pins", 5, 5*s, d.inChannel(d.getOldPins)),
		at("PUT", "/channels/{channel_id}/pins/{message_id}", 5, 5*s, d.inChannel(d.putPin)),
		at("DELETE", "/channels/{channel_id}/pins/{message_id}", 5, 5*s, d.inChannel(d.deletePin)),
		at("POST", "/channels/{channel_id}/typing", 5, 5*s, d.inChannel(d.typing)),
		at("GET", "/channels/{channel_id}/messages/{message_id}", 30, 30*s, d.inChannel(d.getMessage)),
		at("PATCH", "/channels/{channel_id}/messages/{message_id}", 5, 5*s, d.inChannel(d.patchMessage)),
		at("DELETE", "/channels/{channel_id}/messages/{message_id}", 5, 1*s, d.inChannel(d.deleteMessage)),
		at("POST", "/channels/{channel_id}/messages/{message_id}/threads", 5, 10*s, d.inChannel(d.startThread)),
		at("POST", "/channels/{channel_id}/threads", 5, 10*s, d.inChannel(d.startThreadAlone)),
		at("GET", "/channels/{channel_id}/threads/archived/public", 5, 5*s, d.inChannel(d.getArchivedThreads)),
		at("PUT", "/channels/{channel_id}/thread-members/@me", 5, 5*s, d.inChannel(d.joinThread)),

		at("GET", "/applications/{application_id}/guilds/{guild_id}/commands", 10, 10*s, d.inGuild(d.getCommands)),
		at("PUT", "/applications/{application_id}/guilds/{guild_id}/commands", 2, 60*s, d.inGuild(d.putCommands)),
		at("GET", "/applications/{application_id}/commands", 10, 10*s, d.getGlobalCommands),

		public(at("POST", "/interactions/{interaction_id}/{token}/callback", 0, 0, d.postCallback)),
		public(at("POST", "/webhooks/{webhook_id}/{token}", 5, 2*s, d.postWebhook)),
		public(at("GET", "/webhooks/{webhook_id}/{token}/messages/{message}", 5, 2*s, d.getWebhookMessage)),
		public(at("PATCH", "/webhooks/{webhook_id}/{token}/messages/{message}", 5, 2*s, d.patchWebhookMessage)),
		public(at("DELETE", "/webhooks/{webhook_id}/{token}/messages/{message}", 5, 2*s, d.deleteWebhookMessage)),
	}
}
