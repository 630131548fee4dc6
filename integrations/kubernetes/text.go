package kubernetes

import (
	"fmt"
	"strings"
	"time"

	"mayday/integrations"
)

// shown is text from a cluster, safe and short.
func shown(text string, n int) string { return integrations.Clip(integrations.OneLine(text), n) }

// ageText is an age as people say it: "45 s", "18 min", "3 h 12 min", "2 days".
func ageText(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 3*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}

// clock is a time of day for a sentence; with the date when it is not of today.
func clock(t, now time.Time) string {
	if now.Sub(t) < 20*time.Hour {
		return t.UTC().Format("15:04:05") + " UTC"
	}
	return t.UTC().Format("2 Jan 15:04") + " UTC"
}

func joined(words []string) string { return strings.Join(words, ", ") }

// imageText is an image without its registry and path: "cart:1.9.8"; of a digest
// the first characters.
func imageText(image string) string {
	image = integrations.OneLine(image)
	if at := strings.LastIndexByte(image, '/'); at >= 0 {
		image = image[at+1:]
	}
	if name, digest, ok := strings.Cut(image, "@sha256:"); ok {
		return integrations.Clip(name, 60) + "@" + digest[:min(12, len(digest))]
	}
	return integrations.Clip(image, 80)
}
