package chart

import (
	"fmt"
	"slices"
	"strings"
)

// Alt is the picture in words, with the finding: "checkout error rate, 13:02 to
// 14:02 UTC: 0.3% until 14:01, then 12%. Marked: 13:52 checkout rev 41."
func (p Picture) Alt() string {
	out := fmt.Sprintf("%s, %s to %s UTC: %s.", p.Title, p.From.UTC().Format("15:04"), p.To.UTC().Format("15:04"), p.Finding())
	if len(p.Marks) == 0 {
		return out
	}
	marks := slices.SortedStableFunc(slices.Values(p.Marks), func(a, b Mark) int { return a.At.Compare(b.At) })
	var words []string
	for _, m := range marks {
		words = append(words, m.At.UTC().Format("15:04")+" "+m.Label)
	}
	return out + " Marked: " + strings.Join(words, ", ") + "."
}

// Finding is what the samples say: "0.3% until 14:01, then 12%", "about 0.3%
// throughout", "no data".
func (p Picture) Finding() string {
	all := p.within()
	if len(all) == 0 {
		return "no data"
	}
	last := p.Unit.Words(all[len(all)-1].Value)
	band, ok := Usual(all)
	if !ok {
		return "too little data, the newest is " + last
	}
	r, ok := excursion(all, band)
	if !ok {
		return "about " + p.Unit.Words(median(valuesOf(all))) + " throughout"
	}
	before, during := p.Unit.Words(band.Middle), valuesOf(all[r.from:r.to+1])
	if r.from > 0 {
		before = p.Unit.Words(median(valuesOf(all[:r.from])))
	}
	since := all[r.from].At.UTC().Format("15:04")
	if r.to == len(all)-1 {
		return fmt.Sprintf("%s until %s, then %s", before, since, p.Unit.Words(settled(during)))
	}
	peak := slices.Max(during)
	if median(during) < band.Middle {
		peak = slices.Min(during)
	}
	return fmt.Sprintf("%s until %s, then %s, and back since %s, %s now", before, since, p.Unit.Words(peak), all[r.to+1].At.UTC().Format("15:04"), last)
}

// settled is the level of an excursion by now: the median of its newest half.
func settled(during []float64) float64 { return median(during[len(during)/2:]) }
