package discord

import (
	"encoding/json"
	"testing"

	"mayday/bot/chat"
)

// FuzzInteraction: only people of our own server get in, whatever an interaction
// looks like; and names of messages are read as they are written.
func FuzzInteraction(f *testing.F) {
	for _, s := range []string{"", "{}", "null", `{"type":1}`, `{"type":2,"guild_id":"1","member":{"user":{"id":"7"}},"data":{"name":"mayday"}}`, `{"type":3,"guild_id":"1","member":{"user":{"id":"7","bot":true}},"data":{"custom_id":"x"}}`,
		`{"type":5,"guild_id":"2","member":null}`, `{"guild_id":1}`, `{"type":"x"}`, `{"data":[]}`, "1/2", "/", "1/", "1/2/", "1/2/3", "1/2/full", "1//full", "full"} {
		f.Add([]byte(s))
	}
	p := &platform{own: settings{Server: value{text: "1"}}}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var in interaction
		if json.Unmarshal(raw, &in) == nil && p.admit(in) == nil && (in.GuildID != "1" || in.Member == nil || in.Member.User == nil || in.Member.User.Bot) {
			t.Errorf("%q gets in", raw)
		}
		if channel, message, err := parseRef(chat.Ref(raw)); err == nil && (channel == "" || message == "") {
			t.Errorf("%q is the message %q in the channel %q", raw, message, channel)
		}
	})
}
