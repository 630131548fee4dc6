package chart

import (
	"math"
	"strconv"
	"strings"
)

// Unit is what a figure counts.
type Unit string

// The units. A ratio is a part of one and is written as a percentage.
const (
	Plain        Unit = ""
	Ratio        Unit = "ratio"
	Percent      Unit = "percent" // already times a hundred
	Seconds      Unit = "s"
	Milliseconds Unit = "ms"
)

// UnitOf guesses the unit of a signal by its name in the configuration: errors,
// error_rate and ratio are parts of one while no figure is above one, percent
// says itself, latency, duration and p95 are seconds unless the name ends in ms.
func UnitOf(name string, samples []Sample) Unit {
	name = strings.ToLower(name)
	switch {
	case strings.Contains(name, "percent"):
		return Percent
	case strings.HasSuffix(name, "ms"):
		return Milliseconds
	case hasAny(name, "latency", "duration", "seconds", "p50", "p90", "p95", "p99"):
		return Seconds
	case hasAny(name, "error", "ratio", "rate", "availability") && partsOfOne(samples):
		return Ratio
	}
	return Plain
}

func hasAny(name string, words ...string) bool {
	for _, w := range words {
		if strings.Contains(name, w) {
			return true
		}
	}
	return false
}

func partsOfOne(samples []Sample) bool {
	all := figures(samples)
	for _, s := range all {
		if s.Value < 0 || s.Value > 1 {
			return false
		}
	}
	return len(all) > 0
}

// Words writes a figure as people read it: "0.3%", "12%", "340 ms", "2.1 s",
// "4,120".
func (u Unit) Words(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "no data"
	case u == Ratio:
		return short(v*100) + "%"
	case u == Percent:
		return short(v) + "%"
	case u == Milliseconds && math.Abs(v) >= 1000:
		return short(v/1000) + " s"
	case u == Milliseconds:
		return short(v) + " ms"
	case u == Seconds && math.Abs(v) < 1 && v != 0:
		return short(v*1000) + " ms"
	case u == Seconds:
		return short(v) + " s"
	}
	return short(v)
}

// short rounds to two figures below ten and to whole numbers above, with a comma
// between thousands.
func short(v float64) string {
	abs := math.Abs(v)
	switch {
	case abs == 0:
		return "0"
	case abs < 0.0001:
		return strconv.FormatFloat(v, 'g', 2, 64)
	case abs < 10:
		digits := 1 - int(math.Floor(math.Log10(abs)))
		text := strconv.FormatFloat(v, 'f', min(digits, 6), 64)
		return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return grouped(strconv.FormatFloat(v, 'f', 0, 64))
}

func grouped(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = "-", digits[1:]
	}
	for n := len(digits) - 3; n > 0; n -= 3 {
		digits = digits[:n] + "," + digits[n:]
	}
	return sign + digits
}
