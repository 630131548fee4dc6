package backups

import (
	"context"
	"fmt"
	"time"

	"mayday/integrations"
)

var _ integrations.Checker = (*shelf)(nil)

// Check says how old each backup is. How old it may be is a matter of playbooks.
func (s *shelf) Check(ctx context.Context) []integrations.Finding {
	var found []integrations.Finding
	for _, name := range s.names {
		from := s.sources[name]
		at, err := s.last(ctx, from)
		if err != nil {
			found = append(found, integrations.Finding{Text: name + ": " + err.Error() + " (" + from.words() + ")", Fix: "Check connect.backups." + name + "; backup_fresh answers ? meanwhile."})
			continue
		}
		found = append(found, integrations.Finding{OK: true, Text: name + ": last good backup " + ago(s.now().Sub(at)) + " (" + from.words() + ")"})
	}
	return found
}

func ago(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d min ago", max(0, int(d.Minutes())))
	}
	return fmt.Sprintf("%d h ago", int(d.Hours()))
}
