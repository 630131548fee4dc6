package alertmanager

import (
	"fmt"
	"time"
)

// clock is a time for a sentence.
func clock(t time.Time) string { return t.UTC().Format("15:04 UTC") }

// lasting writes a duration of whole minutes as people say it: "1 h 30 min".
func lasting(d time.Duration) string {
	hours, minutes := int(d.Hours()), int(d.Minutes())%60
	switch {
	case hours == 0:
		return fmt.Sprintf("%d min", minutes)
	case minutes == 0:
		return fmt.Sprintf("%d h", hours)
	}
	return fmt.Sprintf("%d h %d min", hours, minutes)
}
