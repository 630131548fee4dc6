package chart

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/go-analyze/charts"
)

// The picture is 1200 by 480, which phones show a third as large: nothing is
// smaller than 24, and no line thinner than 3.
const (
	width, height = 1200, 480

	plotLeft, plotRight  = 128, width - 28
	plotBottom           = height - 56
	titleSize, labelSize = 34.0, 24.0
	titleLine            = 48
)

// Colours: dark on white, and told apart without red and green.
var (
	white   = charts.Color{R: 255, G: 255, B: 255, A: 255}
	ink     = charts.Color{R: 26, G: 31, B: 38, A: 255}
	faint   = charts.Color{R: 85, G: 96, B: 110, A: 255}
	grid    = charts.Color{R: 226, G: 230, B: 236, A: 255}
	usual   = charts.Color{R: 222, G: 238, B: 246, A: 255}
	calm    = charts.Color{R: 0, G: 94, B: 162, A: 255}
	trouble = charts.Color{R: 200, G: 60, B: 0, A: 255}
	suspect = charts.Color{R: 122, G: 31, B: 122, A: 255}
	act     = charts.Color{R: 0, G: 110, B: 80, A: 255}
)

// canvas is a picture while it is drawn.
type canvas struct {
	Picture
	*charts.Painter
	all       []Sample
	placed    []placed
	top       int     // of the plot, below the labels of the marks
	low, high float64 // of the axis
	step      float64
}

// PNG draws the picture. It fails when the time is empty or turned round.
func (p Picture) PNG() ([]byte, error) {
	if !p.To.After(p.From) {
		return nil, errors.New("draw picture: its time has no length")
	}
	c := &canvas{Picture: p, Painter: charts.NewPainter(charts.PainterOptions{OutputFormat: charts.ChartOutputPNG, Width: width, Height: height,
		Font: charts.GetFont(charts.FontFamilyNotoSans)}), all: p.within()}
	c.place()
	c.scale()
	c.FilledRect(0, 0, width, height, white, white, 0)
	c.title()
	c.usual()
	c.axes()
	c.limit()
	c.marks()
	c.names()
	c.curve()
	raw, err := c.Bytes()
	if err != nil {
		return nil, fmt.Errorf("draw picture: %w", err)
	}
	return raw, nil
}

func (c *canvas) x(at time.Time) int {
	part := float64(at.Sub(c.From)) / float64(c.To.Sub(c.From))
	return plotLeft + int(math.Round(part*float64(plotRight-plotLeft)))
}

func (c *canvas) y(v float64) int {
	part := (v - c.low) / (c.high - c.low)
	return plotBottom - int(math.Round(min(max(part, 0), 1)*float64(plotBottom-c.top)))
}

// print writes a text whose baseline is at y, without what the font lacks.
func (c *canvas) print(text string, x, y int, size float64, colour charts.Color) {
	c.Text(drawable(text), x, y, 0, style(size, colour))
}

func (c *canvas) wide(text string, size float64) int {
	box := c.MeasureText(drawable(text), 0, style(size, ink))
	return box.Width()
}

func style(size float64, colour charts.Color) charts.FontStyle {
	return charts.FontStyle{FontSize: size * 0.75, FontColor: colour} // the painter counts points, 96 to the inch
}

// drawable leaves out what the font has no picture of: boxes say nothing.
func drawable(text string) string {
	font := charts.GetFont(charts.FontFamilyNotoSans)
	known := strings.Map(func(r rune) rune {
		switch {
		case font.Index(r) != 0:
			return r
		case r == '→':
			return '›'
		}
		return -1
	}, text)
	return strings.Join(strings.Fields(known), " ")
}

// fit cuts a text to a width.
func (c *canvas) fit(text string, most int, size float64) string {
	runes := []rune(text)
	for n := len(runes); n > 0; n-- {
		cut := string(runes[:n])
		if n < len(runes) {
			cut = strings.TrimRight(cut, " ") + "…"
		}
		if c.wide(cut, size) <= most {
			return cut
		}
	}
	return ""
}

// title says what it is, and at the right what it is now.
func (c *canvas) title() {
	now := "no data"
	colour := faint
	if n := len(c.all); n > 0 {
		now, colour = c.Unit.Words(c.all[n-1].Value)+" now", calm
		if b, ok := Usual(c.all); ok && !b.holds(c.all[n-1].Value) {
			colour = trouble
		}
	}
	room := c.wide(now, titleSize)
	c.print(now, plotRight-room, titleLine, titleSize, colour)
	c.print(c.fit(c.Title, plotRight-room-60, titleSize), 28, titleLine, titleSize, ink)
}

// usual is the band as a strip behind everything.
func (c *canvas) usual() {
	b, ok := Usual(c.all)
	if !ok {
		return
	}
	top, bottom := c.y(b.High), c.y(b.Low)
	c.FilledRect(plotLeft, top, plotRight, max(bottom, top+4), usual, usual, 0)
}

// limit is a line across where it is bad. The scale always has room for it.
func (c *canvas) limit() {
	if c.Bad != 0 {
		y := c.y(c.Bad)
		c.DashedLineStroke([]charts.Point{{X: plotLeft, Y: y}, {X: plotRight, Y: y}}, trouble, 3, []float64{4, 8})
	}
}

// names say what the strip and the line across are, where there is room.
func (c *canvas) names() {
	if c.Bad != 0 {
		c.note("bad from "+c.Unit.Words(c.Bad), c.y(c.Bad), trouble)
	}
	b, ok := Usual(c.all)
	if !ok {
		return
	}
	if near := c.y(c.Bad) - c.y(b.High); c.Bad == 0 || near < -34 || near > 34 {
		c.note("usual", c.y(b.High), faint)
	}
}

// note writes above a height, at the left, where the signal is mostly calm.
func (c *canvas) note(text string, y int, colour charts.Color) {
	c.FilledRect(plotLeft+6, y-31, plotLeft+12+c.wide(text, labelSize), y-3, white, white, 0)
	c.print(text, plotLeft+8, y-9, labelSize, colour)
}

// curve draws the samples, and the excursion in another colour, with the lines
// that lead out and back. Where data is missing the line is broken.
func (c *canvas) curve() {
	if len(c.all) == 0 {
		text := "no data"
		c.print(text, (plotLeft+plotRight-c.wide(text, titleSize))/2, (c.top+plotBottom)/2, titleSize, faint)
		return
	}
	for _, part := range unbroken(c.all) {
		c.line(part, calm)
	}
	if b, ok := Usual(c.all); ok {
		if r, ok := excursion(c.all, b); ok {
			for _, part := range unbroken(c.all[max(0, r.from-1):min(len(c.all), r.to+2)]) {
				c.line(part, trouble)
			}
		}
	}
	last := c.all[len(c.all)-1]
	c.Circle(8, c.x(last.At), c.y(last.Value), ink, ink, 1)
}

func (c *canvas) line(part []Sample, colour charts.Color) {
	points := make([]charts.Point, len(part))
	for n, s := range part {
		points[n] = charts.Point{X: c.x(s.At), Y: c.y(s.Value)}
	}
	c.LineStroke(points, colour, 5)
	if len(points) == 1 {
		c.Circle(3, points[0].X, points[0].Y, colour, colour, 1)
	}
}

// unbroken are the stretches without a gap of more than three usual distances.
func unbroken(all []Sample) [][]Sample {
	gaps := make([]float64, 0, len(all))
	for n := 1; n < len(all); n++ {
		gaps = append(gaps, float64(all[n].At.Sub(all[n-1].At)))
	}
	most := 3 * median(gaps)
	var out [][]Sample
	from := 0
	for n := 1; n < len(all); n++ {
		if gaps[n-1] > most {
			out, from = append(out, all[from:n]), n
		}
	}
	return append(out, all[from:])
}
