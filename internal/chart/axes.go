package chart

import (
	"math"
	"slices"
	"time"

	"github.com/go-analyze/charts"
)

const mostLabels = 8 // of times

// scale chooses the value axis: from zero where nothing is negative, to a round
// number above the highest, with three or four lines.
func (c *canvas) scale() {
	values := valuesOf(c.all)
	if c.Bad != 0 {
		values = append(values, c.Bad)
	}
	low, high := 0.0, 0.0
	if len(values) > 0 {
		low, high = min(0, slices.Min(values)), max(0, slices.Max(values))
	}
	if high-low <= 0 {
		high = low + 1
	}
	c.step = round((high - low) / 3)
	c.low, c.high = math.Floor(low/c.step)*c.step, math.Ceil(high*1.02/c.step)*c.step
}

// round is the next of 1, 2 or 5 with zeros.
func round(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if v <= m*power*1.0001 {
			return m * power
		}
	}
	return 10 * power
}

func (c *canvas) axes() {
	for n := 0; c.low+float64(n)*c.step <= c.high+c.step/1000; n++ {
		v := c.low + float64(n)*c.step
		y := c.y(v)
		c.LineStroke([]charts.Point{{X: plotLeft, Y: y}, {X: plotRight, Y: y}}, grid, 2)
		text := c.Unit.Words(v)
		c.print(text, plotLeft-14-c.wide(text, labelSize), y+8, labelSize, faint)
	}
	step := c.every()
	for at := c.From.UTC().Truncate(step); !at.After(c.To); at = at.Add(step) {
		text := at.Format("15:04")
		x := c.x(at)
		half := c.wide(text, labelSize) / 2
		if at.Before(c.From) || x-half < plotLeft-20 || x+half > width-8 {
			continue
		}
		c.LineStroke([]charts.Point{{X: x, Y: plotBottom}, {X: x, Y: plotBottom + 8}}, faint, 2)
		c.print(text, x-half, plotBottom+38, labelSize, faint)
	}
	c.print("UTC", 28, plotBottom+38, labelSize, faint)
}

// every is how far apart times are written.
func (c *canvas) every() time.Duration {
	span := c.To.Sub(c.From)
	for _, step := range []time.Duration{time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour} {
		if span/step <= mostLabels {
			return step
		}
	}
	return 24 * time.Hour
}
