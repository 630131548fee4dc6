package kubernetes

import (
	"strconv"
	"strings"
	"time"
)

// schedule is the five fields of a cron line, each as the numbers it allows.
type schedule [5]numbers

type numbers map[int]bool

// readSchedule reads numbers, lists, ranges and steps; no names and no @daily.
func readSchedule(line string) (schedule, error) {
	var out schedule
	limits := [5][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}}
	parts := strings.Fields(line)
	if len(parts) != len(out) {
		return out, wording("expected exactly 5 fields, found " + strconv.Itoa(len(parts)) + ": [" + line + "]")
	}
	for n, text := range parts {
		out[n] = numbers{}
		for one := range strings.SplitSeq(text, ",") {
			if !out[n].add(one, limits[n]) {
				return out, wording("failed to parse int from " + one)
			}
		}
	}
	return out, nil
}

// add reads "*", "3", "1-5", "*/10" or "0-30/5".
func (n numbers) add(text string, limit [2]int) bool {
	span, step, stepped := strings.Cut(text, "/")
	by := 1
	if stepped {
		by, _ = strconv.Atoi(step) // no number is zero, refused below
	}
	low, high := limit[0], limit[1]
	if span != "*" {
		from, to, ranged := strings.Cut(span, "-")
		first, err := strconv.Atoi(from)
		if err != nil {
			return false
		}
		low = first
		if !stepped {
			high = first
		}
		if ranged {
			if high, err = strconv.Atoi(to); err != nil {
				return false
			}
		}
	}
	if by < 1 || low < limit[0] || high > limit[1] || low > high {
		return false
	}
	for i := low; i <= high; i += by {
		n[i] = true
	}
	return true
}

// last is the latest minute in (after, until] at which it was due, and how many
// there were, counted up to a hundred.
func (s schedule) last(after, until time.Time) (time.Time, int) {
	var found time.Time
	n := 0
	for t := until.UTC().Truncate(time.Minute); t.After(after) && n < 100; t = t.Add(-time.Minute) {
		if !s.due(t) {
			continue
		}
		if found.IsZero() {
			found = t
		}
		n++
	}
	return found, n
}

func (s schedule) due(t time.Time) bool {
	return s[0][t.Minute()] && s[1][t.Hour()] && s[2][t.Day()] && s[3][int(t.Month())] && s[4][int(t.Weekday())]
}
