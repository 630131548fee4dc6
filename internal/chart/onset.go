package chart

import (
	"math"
	"slices"
	"time"
)

// The rule of the usual band. It is simple on purpose: people must be able to
// say why a line is where it is.
const (
	leastSamples = 10     // with fewer nobody can tell what is usual
	sigmas       = 4.0    // how wide the band is
	perMAD       = 1.4826 // a normal spread in units of its median absolute deviation
	leastSpread  = 0.05   // of the whole range: a signal that hardly moves has no hairline band
	leastChange  = 0.10   // of the usual value: less is not worth a word
	sustained    = 3      // samples in a row outside; fewer are a blip
	atTheEnd     = 2      // in a row are enough when they are the newest
	pause        = 2      // samples back inside that do not end an excursion
)

// Band is where a signal usually is.
type Band struct{ Low, High, Middle float64 }

// Usual is the band of the first half of the samples: its median, and around it
// four normal spreads, estimated by the median absolute deviation, which the
// trouble itself hardly moves; at least a twentieth of the whole range, and a
// tenth of the usual value. ok is false with fewer than ten figures.
func Usual(samples []Sample) (b Band, ok bool) {
	all := figures(samples)
	if len(all) < leastSamples {
		return Band{}, false
	}
	values := valuesOf(all)
	first := values[:(len(values)+1)/2]
	middle := median(first)
	off := make([]float64, len(first))
	for n, v := range first {
		off[n] = math.Abs(v - middle)
	}
	half := max(sigmas*perMAD*median(off), leastSpread*(slices.Max(values)-slices.Min(values)), leastChange*math.Abs(middle))
	return Band{Low: middle - half, High: middle + half, Middle: middle}, true
}

func (b Band) holds(v float64) bool { return v >= b.Low && v <= b.High }

// Onset is when the signal left its usual band and stayed out: the first of at
// least three samples in a row outside, or of two when they are the newest. An
// excursion that lasts to the end counts before all others, else the one that
// went furthest, summed over its samples. ok is false when there was none, or
// when nobody can tell.
func Onset(samples []Sample) (time.Time, bool) {
	all := figures(samples)
	band, ok := Usual(all)
	if !ok {
		return time.Time{}, false
	}
	run, ok := excursion(all, band)
	if !ok {
		return time.Time{}, false
	}
	return all[run.from].At, true
}

// run is a stretch of samples outside, from the first to the last of them.
type run struct {
	from, to int // indexes, both outside
	weight   float64
}

// excursion picks the one that matters.
func excursion(all []Sample, b Band) (run, bool) {
	var best run
	found := false
	for _, r := range runs(all, b) {
		if r.to == len(all)-1 {
			return r, true
		}
		if !found || r.weight > best.weight {
			best, found = r, true
		}
	}
	return best, found
}

// runs are the sustained excursions, in the order of time.
func runs(all []Sample, b Band) []run {
	var out []run
	for n := 0; n < len(all); n++ {
		if b.holds(all[n].Value) {
			continue
		}
		r := run{from: n, to: n}
		longest, row, inside := 0, 0, 0
		for ; n < len(all) && inside <= pause; n++ {
			if b.holds(all[n].Value) {
				inside, row = inside+1, 0
				continue
			}
			r.to, r.weight = n, r.weight+math.Abs(all[n].Value-b.Middle)
			inside, row = 0, row+1
			longest = max(longest, row)
		}
		if longest >= sustained || (longest >= atTheEnd && r.to == len(all)-1) {
			out = append(out, r)
		}
	}
	return out
}
