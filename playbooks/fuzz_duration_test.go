package playbooks

import "testing"

// FuzzDuration: what is taken is at least nothing, and is written in a form that is
// taken again as the same.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"", "5m", "1h30m", "2d", "9999d", "2d1h", "-5m", "1.5h", "5", "m", "1e9h", "99999999999999999999h", "9999d2562047h", "1ms", "5m5m", " 5m", "5 m"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := parseDuration(s)
		if !ok {
			return
		}
		if d < 0 {
			t.Errorf("%q is %s", s, d)
		}
		if again, ok := parseDuration(short(d)); d < 1e18 && d%1e6 == 0 && (!ok || again != d) {
			t.Errorf("%q is %s, which is written %q and read as %s (%t)", s, d, short(d), again, ok)
		}
	})
}
