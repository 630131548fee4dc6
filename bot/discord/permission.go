package discord

import (
	"slices"

	"github.com/bwmarrin/discordgo"
)

// permit is a permission by the name that people see in Discord.
type permit struct {
	bit  int64
	name string
	what string // is missed without it
}

const (
	bitAdmin   = discordgo.PermissionAdministrator
	bitMention = discordgo.PermissionMentionEveryone
)

// needed is what each channel takes; threads hang on operations only.
var needed = []permit{
	{discordgo.PermissionViewChannel, "View Channel", ""},
	{discordgo.PermissionSendMessages, "Send Messages", ""},
	{discordgo.PermissionEmbedLinks, "Embed Links", ""},
}

var neededInOperations = []permit{
	{discordgo.PermissionCreatePublicThreads, "Create Public Threads", ""},
	{discordgo.PermissionSendMessagesInThreads, "Send Messages in Threads", ""},
	{discordgo.PermissionReadMessageHistory, "Read Message History", "an answer that was lost may make a message appear twice"},
	{discordgo.PermissionAttachFiles, "Attach Files", "pictures become words"},
}

// effective computes what a member may do in a channel: the roles, then what the
// channel takes away and gives, for everybody, for the roles and for the member.
func effective(server, member string, has []string, roles []discordgo.Role, c discordgo.Channel) int64 {
	var may int64
	for _, r := range roles {
		if r.ID == server || slices.Contains(has, r.ID) {
			may |= r.Permissions
		}
	}
	if may&bitAdmin != 0 {
		return -1
	}
	var allow, deny int64
	for _, o := range c.PermissionOverwrites {
		switch {
		case o.ID == server:
			may = may&^o.Deny | o.Allow
		case o.Type == discordgo.PermissionOverwriteTypeRole && slices.Contains(has, o.ID):
			allow, deny = allow|o.Allow, deny|o.Deny
		}
	}
	may = may&^deny | allow
	for _, o := range c.PermissionOverwrites {
		if o.Type == discordgo.PermissionOverwriteTypeMember && o.ID == member {
			may = may&^o.Deny | o.Allow
		}
	}
	if may&discordgo.PermissionViewChannel == 0 {
		return 0
	}
	return may
}
