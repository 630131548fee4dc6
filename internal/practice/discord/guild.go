package discord

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Ids of what is there from the start.
const (
	Application = "112233445566778899" // the application, and its bot user
	Guild       = "223344556677889900" // the guild "acme ops", and its role @everyone

	Operations = "334455667788990011" // #operations
	Status     = "334455667788990022" // #status
	Random     = "334455667788990033" // #random

	RoleSRE   = "445566778899001111" // sre: Ana and Li; may be mentioned
	RoleLeads = "445566778899001122" // sre-leads: Sam; may be mentioned
	RoleBot   = "445566778899001133" // the bot's own

	Ana  = "556677889900112211"
	Li   = "556677889900112222"
	Sam  = "556677889900112233"
	Cleo = "556677889900112244" // no roles
	Gus  = "556677889900112255" // no roles
)

// Permission is a bit of Discord's permissions.
type Permission uint64

// The permissions that matter to a bot.
const (
	Administrator         Permission = 1 << 3
	ManageChannels        Permission = 1 << 4
	AddReactions          Permission = 1 << 6
	ViewChannel           Permission = 1 << 10
	SendMessages          Permission = 1 << 11
	ManageMessages        Permission = 1 << 13
	EmbedLinks            Permission = 1 << 14
	AttachFiles           Permission = 1 << 15
	ReadMessageHistory    Permission = 1 << 16
	MentionEveryone       Permission = 1 << 17
	UseCommands           Permission = 1 << 31
	ManageThreads         Permission = 1 << 34
	CreatePublicThreads   Permission = 1 << 35
	CreatePrivateThreads  Permission = 1 << 36
	SendMessagesInThreads Permission = 1 << 38
	PinMessages           Permission = 1 << 51
)

const (
	everybody  = ViewChannel | ReadMessageHistory | AddReactions | UseCommands | SendMessages | SendMessagesInThreads
	botRights  = everybody | EmbedLinks | AttachFiles | CreatePublicThreads | ManageThreads | PinMessages
	everything = Permission(1<<53 - 1)
)

func (p Permission) String() string { return strconv.FormatUint(uint64(p), 10) }

func (p Permission) has(q Permission) bool { return p&Administrator != 0 || p&q == q }

type role struct {
	id, name    string
	rights      Permission
	position    int
	mentionable bool
	managed     bool
}

type person struct {
	id, name string
	bot      bool
	roles    []string
	joined   time.Time
}

// Channel types.
const (
	typeText          = 0
	typePublicThread  = 11
	typePrivateThread = 12
)

// channel is a text channel, or a thread when parent is set.
type channel struct {
	id, name, topic string
	kind            int
	position        int
	denied          Permission // to the bot
	messages        []*message
	pins            []pin

	parent   string
	owner    string
	archived bool
	locked   bool
	archive  int // minutes
	made     time.Time
	changed  time.Time // of the archive state
	sent     int
	members  []string
}

type pin struct {
	message string
	at      time.Time
}

func (c *channel) thread() bool { return c.parent != "" }

// world is the guild as it stands, under Discord.mu.
type world struct {
	id       string
	bot      string
	member   bool // whether the bot is in it
	roles    []*role
	people   []*person
	channels []*channel
}

func newWorld(guild, bot string, now time.Time) world {
	joined := now.Add(-400 * 24 * time.Hour)
	who := func(id, name string, roles ...string) *person {
		return &person{id: id, name: name, roles: roles, joined: joined}
	}
	robot := who(bot, "Mayday", RoleBot)
	robot.bot = true
	return world{
		id: guild, bot: bot, member: true,
		roles: []*role{
			{id: guild, name: "@everyone", rights: everybody},
			{id: RoleSRE, name: "sre", position: 1, mentionable: true},
			{id: RoleLeads, name: "sre-leads", position: 2, mentionable: true},
			{id: RoleBot, name: "Mayday", position: 3, managed: true, rights: botRights},
		},
		people: []*person{robot, who(Ana, "Ana", RoleSRE), who(Li, "Li", RoleSRE), who(Sam, "Sam", RoleLeads), who(Cleo, "Cleo"), who(Gus, "Gus")},
		channels: []*channel{
			{id: Operations, name: "operations", topic: "Incidents", position: 0},
			{id: Status, name: "status", topic: "What customers read", position: 1},
			{id: Random, name: "random", position: 2},
		},
	}
}

func (w *world) channel(id string) *channel {
	n := slices.IndexFunc(w.channels, func(c *channel) bool { return c.id == id })
	if n < 0 {
		return nil
	}
	return w.channels[n]
}

func (w *world) person(id string) *person {
	n := slices.IndexFunc(w.people, func(p *person) bool { return p.id == id })
	if n < 0 {
		return nil
	}
	return w.people[n]
}

func (w *world) role(id string) *role {
	n := slices.IndexFunc(w.roles, func(r *role) bool { return r.id == id })
	if n < 0 {
		return nil
	}
	return w.roles[n]
}

// rights are what somebody may do in a channel; nil means in the guild at large.
func (w *world) rights(p *person, c *channel) Permission {
	var sum Permission
	for _, r := range w.roles {
		if r.id == w.id || slices.Contains(p.roles, r.id) {
			sum |= r.rights
		}
	}
	if sum.has(Administrator) {
		return everything
	}
	if c == nil || !p.bot {
		return sum
	}
	at := c
	if parent := w.channel(c.parent); parent != nil {
		at = parent
	}
	return sum &^ at.denied
}

// say words of a person's name or a channel's for errors.
func (w *world) mustPerson(id string) (*person, error) {
	if p := w.person(id); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("nobody here has the id %q", id)
}

func (w *world) mustChannel(id string) (*channel, error) {
	if c := w.channel(id); c != nil {
		return c, nil
	}
	return nil, fmt.Errorf("no channel and no thread has the id %q", id)
}
