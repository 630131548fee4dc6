// Package chart makes the pictures of a signal: a PNG for the thread, the words
// that say the same to whoever does not see it, and a sparkline for the card. It
// is pure: samples and marks in, bytes and text out.
//
// The finding is the same in all of them: when did the signal leave its usual
// band (Onset), from which value to which.
package chart

import (
	"math"
	"slices"
	"time"
)

// Sample is a signal's value at one moment.
type Sample struct {
	At    time.Time
	Value float64
}

// Mark is something that happened, as a vertical line with its label: a suspect,
// or an act of ours.
type Mark struct {
	At    time.Time
	Label string // "checkout rev 40→41"
	Act   bool   // of ours: drawn in another colour than a suspect
}

// Picture is one signal over some time.
type Picture struct {
	Title    string // "checkout error rate"
	Unit     Unit
	From, To time.Time
	Samples  []Sample // in any order; NaN and infinities are no data
	Marks    []Mark
	Bad      float64 // from here on it is bad, a line across; 0 for none
}

// figures are the samples that are figures, oldest first.
func figures(samples []Sample) []Sample {
	out := slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return math.IsNaN(s.Value) || math.IsInf(s.Value, 0) })
	slices.SortStableFunc(out, func(a, b Sample) int { return a.At.Compare(b.At) })
	return out
}

// within are the figures of the picture's time.
func (p Picture) within() []Sample {
	return slices.DeleteFunc(figures(p.Samples), func(s Sample) bool { return s.At.Before(p.From) || s.At.After(p.To) })
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func valuesOf(samples []Sample) []float64 {
	out := make([]float64, len(samples))
	for n, s := range samples {
		out[n] = s.Value
	}
	return out
}
