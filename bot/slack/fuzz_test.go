package slack

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

// FuzzDelivery: whatever comes over HTTP with a good signature is read, or refused
// with an error; and what goes to the log opens no door.
func FuzzDelivery(f *testing.F) {
	for _, s := range []string{"", vectorBody, "payload=%7B%22type%22%3A%22block_actions%22%7D", "payload=", "payload=%7B", `{"type":"url_verification","challenge":"x"}`, `{"type":"event_callback","event":{"type":"app_mention"}}`,
		"ssl_check=1", "%zz", "null", `{"type":7}`, `{"type":"block_actions","user":{"id":7}}`, `{"type":"view_submission","view":{"state":{"values":{"a":{"b":{"selected_options":[null]}}}}}}`, `{"actions":[{"value":"x"}]}`} {
		f.Add([]byte(s))
	}
	p := &platform{log: slog.New(slog.DiscardHandler)}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, read := range []func([]byte) (delivery, any, bool, error){p.readCommand, readInteraction, p.readEvent} {
			d, _, goesOn, err := read(raw)
			if err != nil || !goesOn {
				continue
			}
			var c command
			var in interaction
			var e event
			_, _, _ = json.Unmarshal(d.raw, &c), json.Unmarshal(d.raw, &in), json.Unmarshal(d.raw, &e)
			if d.kind == kindCommand && c.User == "" {
				t.Errorf("%q is a command of nobody", raw)
			}
			if text := forLog(d.raw); strings.Contains(text, "token=xyzz0") {
				t.Errorf("the log gets %q", text)
			}
		}
	})
}
