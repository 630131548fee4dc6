package chart

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 25, 13, 2, 0, 0, time.UTC)

// every are samples half a minute apart.
func every(values ...float64) []Sample {
	out := make([]Sample, len(values))
	for n, v := range values {
		out[n] = Sample{At: noon.Add(time.Duration(n) * 30 * time.Second), Value: v}
	}
	return out
}

// hour is an hour of samples, each by its number from 0 to 120.
func hour(f func(n int) float64) []Sample {
	values := make([]float64, 121)
	for n := range values {
		values[n] = f(n)
	}
	return every(values...)
}

// wobble is a small movement that is the same each time.
func wobble(n int) float64 { return math.Sin(float64(n) * 1.7) }

func at(n int) time.Time { return noon.Add(time.Duration(n) * 30 * time.Second) }

// quietly is an error rate with nothing wrong.
func quietly(n int) float64 { return 0.003 + 0.0005*wobble(n) }

var onsets = []struct {
	name    string
	samples []Sample
	want    int // number of the sample, -1 for none
}{
	{"nothing", nil, -1},
	{"too little", every(1, 1, 1, 1, 1, 1, 9, 9, 9), -1},
	{"calm", hour(quietly), -1},
	{"constant", hour(func(int) float64 { return 7 }), -1},
	{"zero, and then not", hour(func(n int) float64 { return max(0, float64(n-100)) }), 102},
	{"a step", hour(func(n int) float64 {
		if n >= 106 {
			return 0.12
		}
		return quietly(n)
	}), 106},
	{"down", hour(func(n int) float64 {
		if n >= 90 {
			return 1
		}
		return 100 + wobble(n)
	}), 90},
	{"in the first half", hour(func(n int) float64 {
		if n >= 40 {
			return 0.12
		}
		return quietly(n)
	}), 40},
	{"a blip is none", hour(func(n int) float64 {
		if n == 50 || n == 51 {
			return 0.12
		}
		return quietly(n)
	}), -1},
	{"the two newest count", hour(func(n int) float64 {
		if n >= 119 {
			return 0.12
		}
		return quietly(n)
	}), 119},
	{"the newest alone does not", hour(func(n int) float64 {
		if n == 120 {
			return 0.12
		}
		return quietly(n)
	}), -1},
	{"back again", hour(func(n int) float64 {
		if n >= 60 && n < 95 {
			return 0.12
		}
		return quietly(n)
	}), 60},
	{"the greater of two", hour(func(n int) float64 {
		switch {
		case n >= 30 && n < 40:
			return 0.02
		case n >= 80 && n < 90:
			return 0.12
		}
		return quietly(n)
	}), 80},
	{"what goes on before what was", hour(func(n int) float64 {
		switch {
		case n >= 30 && n < 40:
			return 0.12
		case n >= 110:
			return 0.02
		}
		return quietly(n)
	}), 110},
	{"a moment inside does not end it", hour(func(n int) float64 {
		if n >= 80 && n != 84 && n != 85 {
			return 0.12
		}
		return quietly(n)
	}), 80},
	{"NaN is no data", hour(func(n int) float64 {
		if n%3 == 0 {
			return math.NaN()
		}
		if n >= 100 {
			return 0.12
		}
		return quietly(n)
	}), 100},
	{"less than a tenth of the usual is no news", hour(func(n int) float64 {
		if n >= 100 {
			return 215
		}
		return 200
	}), -1},
}

func TestOnsetIsWhereItLeftItsBand(t *testing.T) {
	for _, tc := range onsets {
		t.Run(tc.name, func(t *testing.T) {
			got, ok := Onset(tc.samples)
			if ok != (tc.want >= 0) || ok && !got.Equal(at(tc.want)) {
				t.Errorf("got %s, %v, want sample %d at %s", got, ok, tc.want, at(max(0, tc.want)))
			}
		})
	}
}

// drawn are samples with a step at some place, or none.
func drawn(t *rapid.T) (samples []Sample, step int) {
	level := rapid.Float64Range(0.001, 1000).Draw(t, "level")
	noise := rapid.Float64Range(0, 0.02).Draw(t, "noise")
	step = rapid.IntRange(65, 118).Draw(t, "step")
	factor := rapid.Float64Range(1.5, 50).Draw(t, "factor")
	seed := rapid.IntRange(0, 1000).Draw(t, "seed")
	return hour(func(n int) float64 {
		v := level * (1 + noise*wobble(n+seed))
		if n >= step {
			v *= factor
		}
		return v
	}), step
}

func TestAStepIsFoundWhateverItsSize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		samples, step := drawn(t)
		got, ok := Onset(samples)
		if !ok || !got.Equal(at(step)) {
			t.Fatalf("got %s, %v, want %s", got, ok, at(step))
		}
	})
}

func TestOnsetHangsOnNothingElse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-100, 100), 0, 150).Draw(t, "values")
		samples := every(values...)
		got, ok := Onset(samples)
		if ok && !cmp.Equal(true, got.Sub(noon)%(30*time.Second) == 0 && !got.Before(noon) && !got.After(at(len(values)-1))) {
			t.Fatalf("got %s, want the time of a sample", got)
		}
		change := func(f func(Sample) Sample) (time.Time, bool) {
			other := make([]Sample, len(samples))
			for n, s := range samples {
				other[len(samples)-1-n] = f(s) // the order of arrival does not matter either
			}
			return Onset(other)
		}
		if mirrored, same := change(func(s Sample) Sample { return Sample{s.At, -s.Value} }); same != ok || !mirrored.Equal(got) {
			t.Errorf("turned over: got %s, %v, want %s, %v", mirrored, same, got, ok)
		}
		if larger, same := change(func(s Sample) Sample { return Sample{s.At, 8 * s.Value} }); same != ok || !larger.Equal(got) {
			t.Errorf("eight times as large: got %s, %v, want %s, %v", larger, same, got, ok)
		}
		if later, same := change(func(s Sample) Sample { return Sample{s.At.Add(time.Hour), s.Value} }); same != ok || ok && !later.Equal(got.Add(time.Hour)) {
			t.Errorf("an hour later: got %s, %v, want %s, %v", later, same, got, ok)
		}
	})
}

func TestSpark(t *testing.T) {
	tests := []struct {
		name    string
		samples []Sample
		want    string
	}{
		{"nothing", nil, ""},
		{"NaN", every(math.NaN()), ""},
		{"zero", hour(func(int) float64 { return 0 }), "▁▁▁▁▁▁▁▁"},
		{"flat", hour(func(n int) float64 { return 4000 + 50*wobble(n) }), "▄▄▄▄▄▄▄▄"},
		{"up", every(0, 1, 2, 3, 4, 5, 6, 7), "▁▂▃▄▅▆▇█"},
		{"down", every(7, 6, 5, 4, 3, 2, 1, 0), "█▇▆▅▄▃▂▁"},
		{"one", every(3), "·······▄"},
		{"recovered", hour(func(n int) float64 { return map[bool]float64{true: 0.12, false: 0.004}[n <= 45] }), "███▁▁▁▁▁"},
		{"a hole", append(every(0.5, 0.5, 0.5), Sample{at(24), 8}), "▁······█"},
		{"below zero", every(-1, -1, -1, -1, 1, 1, 1, 1), "▁▁▁▁████"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := Spark(tc.samples); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestSparkHasEightCells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64(), 1, 50).Draw(t, "values")
		if got := len([]rune(Spark(every(values...)))); got != Cells {
			t.Fatalf("got %d cells, want %d", got, Cells)
		}
	})
}

func TestFiguresInWords(t *testing.T) {
	for _, tc := range []struct {
		unit Unit
		v    float64
		want string
	}{
		{Ratio, 0.003, "0.3%"}, {Ratio, 0.0043, "0.43%"}, {Ratio, 0.12, "12%"}, {Ratio, 0.124, "12%"}, {Ratio, 0, "0%"}, {Ratio, 1, "100%"}, {Percent, 99.95, "100%"}, {Percent, 9.96, "10%"},
		{Seconds, 2.1, "2.1 s"}, {Seconds, 0.34, "340 ms"}, {Seconds, 0, "0 s"}, {Seconds, 0.0042, "4.2 ms"}, {Milliseconds, 340, "340 ms"}, {Milliseconds, 2100, "2.1 s"},
		{Plain, 4120, "4,120"}, {Plain, 1234567, "1,234,567"}, {Plain, -4120, "-4,120"}, {Plain, 999, "999"}, {Plain, 0.05, "0.05"}, {Plain, 1.50, "1.5"}, {Plain, 0.000012, "1.2e-05"},
		{Plain, math.NaN(), "no data"}, {Ratio, math.Inf(1), "no data"},
	} {
		if got := tc.unit.Words(tc.v); got != tc.want {
			t.Errorf("%v %q: got %q, want %q", tc.v, tc.unit, got, tc.want)
		}
	}
}

func TestUnitIsReadFromTheName(t *testing.T) {
	small, large := every(0.1, 0.2), every(0.1, 12)
	for _, tc := range []struct {
		name    string
		samples []Sample
		want    Unit
	}{
		{"errors", small, Ratio}, {"errors", large, Plain}, {"error_rate", small, Ratio}, {"errors", nil, Plain}, {"cpu_percent", large, Percent},
		{"p95", small, Seconds}, {"p95_ms", small, Milliseconds}, {"Latency", large, Seconds}, {"queue", small, Plain},
	} {
		if got := UnitOf(tc.name, tc.samples); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}
