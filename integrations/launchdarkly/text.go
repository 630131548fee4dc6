package launchdarkly

import "time"

// clock is a time of day for a sentence.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") + " UTC" }
