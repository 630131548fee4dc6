package slack

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

func (s *Slack) apiTest(c *call) (object, error) {
	if name := c.args["error"]; name != "" {
		return nil, &refusal{name: name, extra: object{"args": c.args}}
	}
	return object{"args": c.args}, nil
}

func (s *Slack) authTest(*call) (object, error) {
	return object{
		"url": "https://" + s.world.domain + ".slack.com/", "team": "acme ops", "user": "mayday", "team_id": s.o.Team, "user_id": BotUser, "bot_id": Bot,
		"is_enterprise_install": false,
	}, nil
}

func (s *Slack) teamInfo(*call) (object, error) {
	return object{"team": object{
		"id": s.o.Team, "name": "acme ops", "url": "https://" + s.world.domain + ".slack.com/", "domain": s.world.domain, "email_domain": "", "icon": object{"image_default": true},
		"avatar_base_url": "https://avatars.example/", "is_verified": false,
	}}, nil
}

func (s *Slack) botsInfo(c *call) (object, error) {
	if c.args["bot"] != Bot && c.args["bot"] != "" {
		return nil, refuse("bot_not_found")
	}
	return object{"bot": object{"id": Bot, "deleted": false, "name": "mayday", "updated": made, "app_id": App, "user_id": BotUser, "icons": object{}}}, nil
}

func (s *Slack) conversationsInfo(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.world.channel(c.args["channel"])
	if room == nil || !strings.ContainsAny(c.args["channel"][:1], "CDG") {
		return nil, refuse("channel_not_found")
	}
	out := s.channelJSON(room)
	if yes(c.args["include_num_members"]) {
		out["num_members"] = len(s.members(room))
	}
	return object{"channel": out}, nil
}

// cutList cuts a list at the cursor and answers the next one.
func cutList[T any](c *call, all []T, usual int) ([]T, string, error) {
	most, from := usual, 0
	if v := c.args["limit"]; v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > 1000 {
			return nil, "", refuse("invalid_limit")
		}
		if n > 0 {
			most = n
		}
	}
	if v := c.args["cursor"]; v != "" {
		raw, err := base64.StdEncoding.DecodeString(v)
		n, bad := strconv.Atoi(strings.TrimPrefix(string(raw), "next:"))
		if err != nil || bad != nil || n < 0 || n > len(all) {
			return nil, "", refuse("invalid_cursor")
		}
		from = n
	}
	to := min(len(all), from+most)
	if to == len(all) {
		return all[from:to], "", nil
	}
	return all[from:to], base64.StdEncoding.EncodeToString([]byte("next:" + strconv.Itoa(to))), nil
}

func (s *Slack) conversationsList(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kinds := []string{"public_channel"}
	if v := c.args["types"]; v != "" {
		kinds = strings.Split(strings.ReplaceAll(v, " ", ""), ",")
	}
	all := []object{}
	for _, room := range s.world.channels {
		if room.archived && yes(c.args["exclude_archived"]) {
			continue
		}
		kind := "public_channel"
		if room.im != "" {
			kind = "im"
		}
		if slices.Contains(kinds, kind) {
			all = append(all, s.channelJSON(room))
		}
	}
	rest, next, err := cutList(c, all, 100)
	return object{"channels": rest, "response_metadata": object{"next_cursor": next}}, err
}

// members of a channel are all people, and the bot where it was invited.
func (s *Slack) members(room *channel) []string {
	out := []string{}
	for _, p := range s.world.people {
		if (p.bot && room.member) || (!p.bot && (room.im == "" || room.im == p.id)) {
			out = append(out, p.id)
		}
	}
	return out
}

func (s *Slack) conversationsMembers(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.world.channel(c.args["channel"])
	if room == nil {
		return nil, refuse("channel_not_found")
	}
	rest, next, err := cutList(c, s.members(room), 100)
	return object{"members": rest, "response_metadata": object{"next_cursor": next}}, err
}

func (s *Slack) conversationsOpen(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.world.person(c.args["users"])
	if p == nil {
		return nil, refuse("user_not_found")
	}
	if p.bot {
		return nil, refuse("cannot_dm_bot")
	}
	return object{"channel": object{"id": s.world.direct(p).id}, "no_op": false, "already_open": false}, nil
}

// between keeps the messages between oldest and latest; both ends count only when
// inclusive.
func between(c *call, m *message) bool {
	inclusive := yes(c.args["inclusive"])
	oldest, latest := c.args["oldest"], c.args["latest"]
	if oldest != "" && oldest != "0" && (m.ts < oldest || (m.ts == oldest && !inclusive)) {
		return false
	}
	return latest == "" || m.ts < latest || (m.ts == latest && inclusive)
}

func (s *Slack) listed(c *call, all []*message) []object {
	out := []object{}
	for _, m := range all {
		one := s.messageJSON(m)
		if !yes(c.args["include_all_metadata"]) {
			delete(one, "metadata")
		}
		out = append(out, one)
	}
	return out
}

func (s *Slack) conversationsHistory(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.world.channel(c.args["channel"])
	if room == nil {
		return nil, refuse("channel_not_found")
	}
	if !room.member {
		return nil, refuse("not_in_channel")
	}
	var all []*message
	for _, m := range room.messages {
		for _, r := range m.replies {
			if r.broadcast && between(c, r) {
				all = append(all, r)
			}
		}
		if between(c, m) {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b *message) int { return strings.Compare(b.ts, a.ts) })
	some, next, err := cutList(c, all, 100)
	out := object{"messages": s.listed(c, some), "has_more": next != "", "pin_count": len(room.pins), "channel_actions_ts": nil, "channel_actions_count": 0}
	if next != "" {
		out["response_metadata"] = object{"next_cursor": next}
	}
	return out, err
}

func (s *Slack) conversationsReplies(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	room := s.world.channel(c.args["channel"])
	if room == nil {
		return nil, refuse("channel_not_found")
	}
	if !room.member {
		return nil, refuse("not_in_channel")
	}
	m := room.message(c.args["ts"])
	if m == nil {
		return nil, refuse("thread_not_found")
	}
	root := room.root(m)
	all := []*message{root}
	for _, r := range root.replies {
		if between(c, r) {
			all = append(all, r)
		}
	}
	some, next, err := cutList(c, all, 1000)
	out := object{"messages": s.listed(c, some), "has_more": next != ""}
	if next != "" {
		out["response_metadata"] = object{"next_cursor": next}
	}
	return out, err
}

func (s *Slack) usersInfo(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.world.person(c.args["user"])
	if p == nil {
		return nil, refuse("user_not_found")
	}
	return object{"user": s.userJSON(p)}, nil
}

func (s *Slack) usersList(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []object{}
	for _, p := range s.world.people {
		all = append(all, s.userJSON(p))
	}
	rest, next, err := cutList(c, all, 200)
	return object{"members": rest, "cache_ts": s.now().Unix(), "response_metadata": object{"next_cursor": next}}, err
}

func (s *Slack) usergroupsList(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []object{}
	for _, g := range s.world.groups {
		all = append(all, s.groupJSON(g, yes(c.args["include_users"])))
	}
	return object{"usergroups": all}, nil
}

func (s *Slack) usergroupsUsersList(c *call) (object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.world.group(c.args["usergroup"])
	if g == nil || g.id != c.args["usergroup"] {
		return nil, refuse("no_such_subteam")
	}
	return object{"users": append([]string{}, g.users...)}, nil
}
