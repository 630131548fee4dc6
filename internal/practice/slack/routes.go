package slack

// allMethods are the methods that a bot like Mayday needs, with the scopes and
// the tiers that the vendor gives them.
func (s *Slack) allMethods() map[string]method {
	reads := []string{"channels:read", "groups:read", "im:read", "mpim:read"}
	history := []string{"channels:history", "groups:history", "im:history", "mpim:history"}
	write, users, groups := []string{"chat:write"}, []string{"users:read"}, []string{"usergroups:read"}
	return map[string]method{
		"api.test":              {open: true, rate: special, answer: s.apiTest},
		"auth.test":             {rate: special, answer: s.authTest},
		"apps.connections.open": {app: true, rate: tier1, answer: s.connectionsOpen},

		"chat.postMessage":   {scopes: write, posts: true, rate: everyRoom, answer: s.postMessage},
		"chat.postEphemeral": {scopes: write, posts: true, rate: tier4, answer: s.postEphemeral},
		"chat.update":        {scopes: write, posts: true, rate: tier3, answer: s.updateMessage},
		"chat.delete":        {scopes: write, posts: true, rate: tier3, answer: s.deleteMessage},
		"chat.getPermalink":  {rate: special, answer: s.getPermalink},

		"conversations.info":    {scopes: reads, rate: tier3, answer: s.conversationsInfo},
		"conversations.list":    {scopes: reads, rate: tier2, answer: s.conversationsList},
		"conversations.members": {scopes: reads, rate: tier4, answer: s.conversationsMembers},
		"conversations.open":    {scopes: []string{"channels:manage", "groups:write", "im:write", "mpim:write"}, rate: tier3, answer: s.conversationsOpen},
		"conversations.history": {scopes: history, rate: tier3, answer: s.conversationsHistory},
		"conversations.replies": {scopes: history, rate: tier3, answer: s.conversationsReplies},

		"users.info":            {scopes: users, rate: tier4, answer: s.usersInfo},
		"users.list":            {scopes: users, rate: tier2, answer: s.usersList},
		"bots.info":             {scopes: users, rate: tier3, answer: s.botsInfo},
		"team.info":             {scopes: []string{"team:read"}, rate: tier3, answer: s.teamInfo},
		"usergroups.list":       {scopes: groups, rate: tier2, answer: s.usergroupsList},
		"usergroups.users.list": {scopes: groups, rate: tier2, answer: s.usergroupsUsersList},

		"views.open":    {posts: true, rate: tier4, answer: s.viewsOpen},
		"views.push":    {posts: true, rate: tier4, answer: s.viewsPush},
		"views.update":  {posts: true, rate: tier4, answer: s.viewsUpdate},
		"views.publish": {posts: true, rate: tier4, answer: s.viewsPublish},

		"pins.add":    {scopes: []string{"pins:write"}, posts: true, rate: tier2, answer: s.pinsAdd},
		"pins.remove": {scopes: []string{"pins:write"}, posts: true, rate: tier2, answer: s.pinsRemove},
		"pins.list":   {scopes: []string{"pins:read"}, rate: tier2, answer: s.pinsList},

		"files.getUploadURLExternal":   {scopes: []string{"files:write"}, rate: tier4, answer: s.getUploadURL},
		"files.completeUploadExternal": {scopes: []string{"files:write"}, posts: true, rate: tier4, answer: s.completeUpload},
	}
}
