package chart

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"testing"
	"time"

	"github.com/go-analyze/charts"
	"pgregory.net/rapid"
)

// badDeploy is the picture of an incident: errors rise two minutes after a deploy.
func badDeploy() Picture {
	return Picture{Title: "checkout error rate", Unit: Ratio, From: noon, To: noon.Add(time.Hour), Bad: 0.05,
		Samples: hour(func(n int) float64 {
			if n >= 106 {
				return 0.12 + 0.002*wobble(n)
			}
			return 0.003 + 0.0005*wobble(n)
		}),
		Marks: []Mark{{At: at(100), Label: "checkout rev 41"}, {At: at(76), Label: "new-cart 0%→50%"}, {At: at(116), Label: "roll back checkout", Act: true}}}
}

func TestAltSaysTheFinding(t *testing.T) {
	p := badDeploy()
	want := "checkout error rate, 13:02 to 14:02 UTC: 0.3% until 13:55, then 12%. Marked: 13:40 new-cart 0%→50%, 13:52 checkout rev 41, 14:00 roll back checkout."
	if got := p.Alt(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, tc := range []struct {
		name    string
		samples []Sample
		want    string
	}{
		{"no data", nil, "no data"},
		{"outside of its time", []Sample{{At: noon.Add(-time.Hour), Value: 1}}, "no data"},
		{"little", every(0.1, 0.2), "too little data, the newest is 20%"},
		{"calm", hour(func(n int) float64 { return 0.003 }), "about 0.3% throughout"},
		{"recovered", hour(func(n int) float64 {
			if n >= 60 && n < 96 {
				return 0.12
			}
			return 0.003
		}), "0.3% until 13:32, then 12%, and back since 13:50, 0.3% now"},
		{"fell", hour(func(n int) float64 {
			if n >= 60 && n < 96 {
				return 0.1
			}
			return 0.9
		}), "90% until 13:32, then 10%, and back since 13:50, 90% now"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p.Samples = tc.samples
			if got := p.Finding(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func draw(t *testing.T, p Picture) image.Image {
	t.Helper()
	raw, err := p.PNG()
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != 1200 || b.Dy() != 480 {
		t.Fatalf("got %v, want 1200×480", b)
	}
	return img
}

// columns are where a colour stands below the title and the labels.
func columns(img image.Image, c charts.Color, top int) map[int]int {
	want := color.RGBA{c.R, c.G, c.B, c.A}
	out := map[int]int{}
	for x := plotLeft; x <= plotRight; x++ {
		for y := top; y < plotBottom; y++ {
			if color.RGBAModel.Convert(img.At(x, y)) == want {
				out[x]++
			}
		}
	}
	return out
}

func TestPictureShowsMarksBandAndTrouble(t *testing.T) {
	p := badDeploy()
	img := draw(t, p)
	c := &canvas{Picture: p}
	for _, m := range p.Marks {
		if n := columns(img, m.colour(), 220)[c.x(m.At)]; n < 40 {
			t.Errorf("%s: got %d points in its column, want a line", m.Label, n)
		}
	}
	if got := columns(img, usual, 220); len(got) < 900 {
		t.Errorf("got the band in %d columns, want it across the picture", len(got))
	}
	p.Bad = 0 // its line has the colour of trouble as well
	for x := range columns(draw(t, p), trouble, 220) {
		if x < c.x(at(105))-4 {
			t.Fatalf("got trouble at %d, before its onset at %d", x, c.x(at(106)))
		}
	}
}

func TestHoleInTheDataIsAHole(t *testing.T) {
	p := badDeploy()
	p.Marks, p.Bad = nil, 0
	for n := 40; n < 50; n++ {
		p.Samples[n].Value = math.NaN()
	}
	got, c := columns(draw(t, p), calm, 100), &canvas{Picture: p}
	for x := c.x(at(40)); x < c.x(at(49)); x++ {
		if got[x] > 0 {
			t.Fatalf("got a line at %d, where there is no data", x)
		}
	}
	if got[c.x(at(30))] == 0 || got[c.x(at(60))] == 0 {
		t.Error("got no line beside the hole")
	}
}

// TestEveryPictureCanBeDrawn tries odd data, odd words and crowded marks: no
// label may stand on another or leave the picture.
func TestEveryPictureCanBeDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := Picture{Title: rapid.String().Draw(t, "title"), Unit: rapid.SampledFrom([]Unit{Plain, Ratio, Percent, Seconds, Milliseconds}).Draw(t, "unit"),
			From: noon, To: noon.Add(time.Duration(rapid.IntRange(1, 100000).Draw(t, "seconds")) * time.Second)}
		for range rapid.IntRange(0, 6).Draw(t, "marks") {
			p.Marks = append(p.Marks, Mark{At: noon.Add(time.Duration(rapid.IntRange(-10, 4000).Draw(t, "at")) * time.Second), Label: rapid.StringN(0, 60, -1).Draw(t, "label"), Act: rapid.Bool().Draw(t, "act")})
		}
		p.Samples = every(rapid.SliceOfN(rapid.Float64Range(-1e12, 1e12), 0, 40).Draw(t, "values")...)
		if rapid.Bool().Draw(t, "limited") {
			p.Bad = rapid.Float64Range(-1000, 1000).Draw(t, "bad")
		}
		if _, err := p.PNG(); err != nil {
			t.Fatal(err)
		}
		c := &canvas{Picture: p, Painter: charts.NewPainter(charts.PainterOptions{Width: width, Height: height, Font: charts.GetFont(charts.FontFamilyNotoSans)}), all: p.within()}
		c.place()
		for n, a := range c.placed {
			if a.label != "" && (a.left < 0 || a.right > width || a.row >= markLines) {
				t.Fatalf("got %+v, which leaves the picture", a)
			}
			for _, b := range c.placed[:n] {
				if a.label != "" && b.label != "" && a.row == b.row && a.left < b.right && b.left < a.right {
					t.Fatalf("got %+v on %+v", a, b)
				}
			}
		}
	})
	if _, err := (Picture{From: noon, To: noon}).PNG(); err == nil {
		t.Error("got a picture of no time, want an error")
	}
}
