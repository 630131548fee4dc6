package chart

import (
	"slices"

	"github.com/go-analyze/charts"
)

const (
	markLines = 3  // rows of labels above the plot
	markPitch = 36 // from row to row
	markTop   = 90 // baseline of the first row
	markGap   = 18 // between two labels in a row
)

// placed is a mark whose label has its place.
type placed struct {
	Mark
	x, left, right, row int
	label               string
}

// marks draws a line for each mark, and its label above: in the first row that
// has room, at the right of its line or, near the edge, at the left. A mark that
// finds no room keeps its line and loses its label. Labels come last and cover
// the lines of others.
func (c *canvas) marks() {
	for _, m := range c.placed {
		top := c.top - 6
		if m.label != "" {
			top = markTop + m.row*markPitch - 24
		}
		c.DashedLineStroke([]charts.Point{{X: m.x, Y: top}, {X: m.x, Y: plotBottom}}, m.colour(), 3, []float64{12, 7})
	}
	for _, m := range c.placed {
		y := markTop + m.row*markPitch
		if m.label != "" {
			c.FilledRect(m.left-4, y-26, m.right+4, y+9, white, white, 0)
			c.print(m.label, m.left, y, labelSize, m.colour())
		}
	}
}

func (m Mark) colour() charts.Color {
	if m.Act {
		return act
	}
	return suspect
}

// place goes from the newest mark to the oldest: the newest is the likeliest, and
// what is left of it has the room. The plot begins below.
func (c *canvas) place() {
	marks := slices.DeleteFunc(slices.Clone(c.Marks), func(m Mark) bool { return m.At.Before(c.From) || m.At.After(c.To) })
	slices.SortStableFunc(marks, func(a, b Mark) int { return b.At.Compare(a.At) })
	rows := 0
	for _, m := range marks {
		p := placed{Mark: m, x: c.x(m.At)}
		if c.label(&p, c.placed, m.At.UTC().Format("15:04")+" "+m.Label) {
			rows = max(rows, p.row+1)
		}
		c.placed = append(c.placed, p)
	}
	c.top = titleLine + 36 + rows*markPitch
}

// label finds a place for the label beside those that are placed already.
func (c *canvas) label(p *placed, others []placed, text string) bool {
	for _, most := range []int{420, 240} {
		cut := c.fit(text, most, labelSize)
		wide := c.wide(cut, labelSize)
		for row := range markLines {
			for _, left := range []int{p.x + 10, p.x - 10 - wide} {
				if left >= 8 && left+wide <= width-8 && free(others, row, left, left+wide) && clear(others, row, left, left+wide) {
					p.left, p.right, p.row, p.label = left, left+wide, row, cut
					return true
				}
			}
		}
	}
	return false
}

// free reports whether no label of the row is in the way.
func free(others []placed, row, left, right int) bool {
	return !slices.ContainsFunc(others, func(o placed) bool {
		return o.label != "" && o.row == row && left < o.right+markGap && o.left < right+markGap
	})
}

// clear reports whether no line of a mark above goes through.
func clear(others []placed, row, left, right int) bool {
	return !slices.ContainsFunc(others, func(o placed) bool { return o.row < row && o.label != "" && left < o.x && o.x < right })
}
