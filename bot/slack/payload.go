package slack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"

	"mayday/bot/chat"
)

// The kinds of deliveries, as Socket Mode names them.
const (
	kindCommand     = "slash_commands"
	kindInteraction = "interactive"
	kindEvent       = "events_api"
)

// delivery is one thing that Slack tells us. ack takes it, maybe with an answer,
// and does so once.
type delivery struct {
	kind  string
	raw   json.RawMessage
	retry bool
	ack   func(answer any)
}

// command is a slash command.
type command struct {
	Team     string `json:"team_id"`
	Channel  string `json:"channel_id"`
	User     string `json:"user_id"`
	UserName string `json:"user_name"`
	Text     string `json:"text"`
	Response string `json:"response_url"`
	Trigger  string `json:"trigger_id"`
}

// commandForm is a command as it comes over HTTP.
func commandForm(v url.Values) command {
	return command{Team: v.Get("team_id"), Channel: v.Get("channel_id"), User: v.Get("user_id"), UserName: v.Get("user_name"),
		Text: v.Get("text"), Response: v.Get("response_url"), Trigger: v.Get("trigger_id")}
}

// Kinds of interactions.
const (
	onPress    = "block_actions"
	onSubmit   = "view_submission"
	onClose    = "view_closed"
	onShortcut = "shortcut"
	onMessage  = "message_action"
	onSuggest  = "block_suggestion"
)

// interaction is what happens on buttons, menus, windows and shortcuts.
type interaction struct {
	Type       string `json:"type"`
	CallbackID string `json:"callback_id"`
	Trigger    string `json:"trigger_id"`
	Response   string `json:"response_url"`
	Team       struct {
		ID string `json:"id"`
	} `json:"team"`
	User struct {
		ID       string `json:"id"`
		Username string `json:"username"`
		Name     string `json:"name"`
		Team     string `json:"team_id"`
	} `json:"user"`
	Channel struct {
		ID string `json:"id"`
	} `json:"channel"`
	Message   *message `json:"message"`
	Container struct {
		Type      string `json:"type"`
		TS        string `json:"message_ts"`
		Thread    string `json:"thread_ts"`
		Channel   string `json:"channel_id"`
		Ephemeral bool   `json:"is_ephemeral"`
	} `json:"container"`
	View    *view    `json:"view"`
	Actions []action `json:"actions"`
	// Of suggestions.
	ActionID string `json:"action_id"`
	Value    string `json:"value"`
}

type message struct {
	TS     string `json:"ts"`
	Thread string `json:"thread_ts"`
	Text   string `json:"text"`
}

type view struct {
	ID      string            `json:"id"`
	Hash    string            `json:"hash"`
	Type    string            `json:"type"`
	Private string            `json:"private_metadata"`
	State   state             `json:"state"`
	Blocks  []json.RawMessage `json:"blocks"`
}

type action struct {
	ID       string  `json:"action_id"`
	Type     string  `json:"type"`
	Value    string  `json:"value"`
	URL      string  `json:"url"`
	Selected *chosen `json:"selected_option"`
}

// pressed is the id of the button that was pressed or chosen, "" for one that only
// opens an address.
func (a action) pressed() string {
	if a.Selected != nil {
		return a.Selected.Value
	}
	return a.Value
}

// event is what happens in channels.
type event struct {
	ID    string `json:"event_id"`
	Event struct {
		Type     string `json:"type"`
		User     string `json:"user"`
		BotID    string `json:"bot_id"`
		Text     string `json:"text"`
		TS       string `json:"ts"`
		Thread   string `json:"thread_ts"`
		Channel  string `json:"channel"`
		Tab      string `json:"tab"`
		Team     string `json:"team"`
		UserTeam string `json:"user_team"`
	} `json:"event"`
}

// idOf names a delivery: the same one has the same name whenever it comes.
func idOf(vendor string, raw json.RawMessage) string {
	if vendor != "" {
		return vendor
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:12])
}

// threadOf is the card of the thread in which something stands.
func threadOf(channel, thread, ts string) chat.Ref {
	if thread == "" {
		thread = ts
	}
	if !isChannel(channel) || !isStamp(thread) {
		return ""
	}
	return ref(channel, thread)
}

func notUnderstood(what string, err error) error {
	return fmt.Errorf("read %s: %w", what, err)
}
