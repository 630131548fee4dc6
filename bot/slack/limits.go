package slack

import (
	"time"

	"mayday/bot/chat"
)

// What Slack takes.
const (
	maxText       = 3900 // of `text`: chat.update takes 4,000
	maxSection    = 3000
	maxButton     = 75
	maxValue      = 2000
	maxActionID   = 255
	maxURL        = 3000
	maxElements   = 25 // of an actions block
	maxOverflow   = 5
	maxOptions    = 100
	maxCheckboxes = 10
	maxOption     = 75
	maxOptionID   = 75
	maxTitle      = 24
	maxLabel      = 150
	maxHint       = 150
	maxInput      = 3000
	maxPrivate    = 3000
	maxAlt        = 1000
	maxBlocks     = 50
)

// The methods in use.
const (
	methodAuth      = "auth.test"
	methodSocket    = "apps.connections.open"
	methodPost      = "chat.postMessage"
	methodWhisper   = "chat.postEphemeral"
	methodUpdate    = "chat.update"
	methodDelete    = "chat.delete"
	methodInfo      = "conversations.info"
	methodList      = "conversations.list"
	methodHistory   = "conversations.history"
	methodReplies   = "conversations.replies"
	methodUser      = "users.info"
	methodGroups    = "usergroups.list"
	methodOpen      = "views.open"
	methodView      = "views.update"
	methodPublish   = "views.publish"
	methodPin       = "pins.add"
	methodUnpin     = "pins.remove"
	methodUploadURL = "files.getUploadURLExternal"
	methodUploaded  = "files.completeUploadExternal"
	// These are no methods of the API: an address that came from Slack is posted to.
	toResponse = "response_url"
	toUpload   = "upload"
)

// tier is a rate of calls in a minute; a part of them may come at once.
func tier(perMinute int) chat.Rate {
	return chat.Rate{Burst: max(3, perMinute/5), Every: time.Minute / time.Duration(perMinute)}
}

// rates are those that Slack publishes, for each method of a workspace.
var rates = map[string]chat.Rate{
	methodPost:      tier(300), // "several hundred", and one a second for each channel
	methodAuth:      tier(300),
	methodWhisper:   tier(100),
	methodUser:      tier(100),
	methodOpen:      tier(100),
	methodView:      tier(100),
	methodPublish:   tier(100),
	methodUploadURL: tier(100),
	methodUploaded:  tier(100),
	methodUpdate:    tier(50),
	methodDelete:    tier(50),
	methodInfo:      tier(50),
	methodHistory:   tier(50),
	methodReplies:   tier(50),
	methodList:      tier(20),
	methodGroups:    tier(20),
	methodPin:       tier(20),
	methodSocket:    {Burst: 5, Every: 20 * time.Second},
	methodUnpin:     tier(20),
}

// perChannel is what one channel takes.
var perChannel = chat.Rate{Burst: 3, Every: time.Second}

func methodKey(method string) string   { return "method:" + method }
func channelKey(channel string) string { return "channel:" + channel }

// keys are the buckets of a call. A channel gets its own when it is first used.
func (a *api) keys(c call) []string {
	keys := []string{methodKey(c.method)}
	if c.channel != "" {
		key := channelKey(c.channel)
		if !a.budget.Has(key) {
			a.budget.Set(key, perChannel)
		}
		keys = append(keys, key)
	}
	return keys
}
