package chart

import (
	"math"
	"strings"
)

// Cells is how many characters a sparkline has.
const Cells = 8

var bars = []rune("▁▂▃▄▅▆▇█")

// Spark draws the samples as eight characters, each the mean of its part of the
// time: "▇█▆▃▁▁▁▁". The lowest bar stands for zero where nothing is negative, so
// that small wobbles look small; a signal that hardly moves is in the middle. A
// part without data is a dot. No data is "".
func Spark(samples []Sample) string {
	all := figures(samples)
	if len(all) == 0 {
		return ""
	}
	sum, count := [Cells]float64{}, [Cells]int{}
	from, span := all[0].At, all[len(all)-1].At.Sub(all[0].At)
	for _, s := range all {
		cell := Cells - 1
		if span > 0 {
			cell = min(Cells-1, int(float64(s.At.Sub(from))/float64(span)*Cells))
		}
		sum[cell], count[cell] = sum[cell]+s.Value, count[cell]+1
	}
	least, most := math.Inf(1), math.Inf(-1)
	for n := range sum {
		if count[n] > 0 {
			sum[n] /= float64(count[n])
			least, most = min(least, sum[n]), max(most, sum[n])
		}
	}
	var b strings.Builder
	for n := range sum {
		if count[n] == 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteRune(bar(sum[n], least, most))
	}
	return b.String()
}

// flat is how little a signal may move, as a part of its greatest value, to be
// drawn as one that does not move.
const flat = 0.2

func bar(v, least, most float64) rune {
	low, high := min(0, least), max(0, most)
	switch {
	case high <= low:
		return bars[0]
	case most-least <= flat*max(math.Abs(least), math.Abs(most)):
		return bars[len(bars)/2-1]
	}
	return bars[max(0, min(len(bars)-1, int((v-low)/(high-low)*float64(len(bars)))))]
}
