package app

import (
	"strings"
	"time"

	"mayday/internal/config"
	"mayday/internal/incident"
)

// Effective is the configuration that is in force: the file, what the
// environment sets over it, and the defaults of what neither names. Secrets are
// named by where they come from; their values are never read.
func Effective(f *config.File, env config.Env) (text string, tree map[string]any, err error) {
	set, err := read(f, env)
	if err != nil {
		return "", nil, err
	}
	tree = f.Tree()
	for path, value := range set.effective() {
		put(tree, strings.Split(path, "."), value)
	}
	out, err := config.Render(tree)
	return string(out), tree, err
}

// effective are the values that have a default or a variable, by their place.
func (s *settings) effective() map[string]any {
	out := map[string]any{
		"web.listen": s.listen, "chat.command": s.command,
		"chat.channels.ops": s.rooms[incident.RoomOperations], "chat.channels.status": s.rooms[incident.RoomStatus],
		"updates.every": briefly(s.policy.Every), "updates.second_call": briefly(s.policy.SecondCall), "updates.escalate": briefly(s.policy.Escalate), "updates.holding_line": s.policy.Holding,
		"safety.prod_phrase": s.safety.ProdPhrase, "safety.second_person": s.safety.SecondPerson,
		"safety.approval_expires": briefly(s.safety.ApprovalExpires), "safety.undo_for": briefly(s.safety.UndoFor),
		"steps.timeout": briefly(orElse(s.timeout, 5*time.Minute)), "shutdown": briefly(s.shutdown),
	}
	for sev, first := range s.policy.First {
		out["updates."+string(sev)+".first"] = briefly(first)
	}
	out["safety.break_glass"] = any(false)
	if s.safety.Glass.Allowed {
		out["safety.break_glass"] = briefly(s.safety.Glass.After)
	}
	if !s.file.Section("store", "postgres").Exists() {
		out["store.path"] = s.data
	}
	for key, value := range map[string]string{"log.format": s.logFormat, "log.level": s.logLevel, "playbooks": s.playbooks} {
		if value != "" {
			out[key] = value
		}
	}
	return out
}

// briefly writes a duration as the file does: 30m, not 30m0s.
func briefly(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// put sets a value at its place; what stands in the way is a scalar that the
// file may have in its stead, and stays.
func put(tree map[string]any, path []string, value any) {
	if len(path) == 1 {
		tree[path[0]] = value
		return
	}
	if tree[path[0]] == nil {
		tree[path[0]] = map[string]any{}
	}
	if sub, ok := tree[path[0]].(map[string]any); ok {
		put(sub, path[1:], value)
	}
}
