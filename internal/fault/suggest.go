package fault

import (
	"sort"
	"strings"
)

// Suggest picks the known word that was probably meant: edit distance of at
// most two, or the same start (PLAYBOOKS, the linter). "" when none is close.
func Suggest(word string, known []string) string {
	w := strings.ToLower(word)
	best, bestDist := "", 3
	sorted := append([]string(nil), known...)
	sort.Strings(sorted)
	for _, k := range sorted {
		if d := distance(w, strings.ToLower(k), bestDist); d < bestDist {
			best, bestDist = k, d
		}
	}
	if best != "" && bestDist < len([]rune(w)) {
		return best
	}
	for _, k := range sorted {
		if len(w) >= 3 && (strings.HasPrefix(strings.ToLower(k), w) || (len(k) >= 3 && strings.HasPrefix(w, strings.ToLower(k)))) {
			return k
		}
	}
	return ""
}

// DidYouMean is " Did you mean X?" or nothing.
func DidYouMean(word string, known []string) string {
	if s := Suggest(word, known); s != "" {
		return " Did you mean `" + s + "`?"
	}
	return ""
}

// distance is Levenshtein's, cut off: anything of limit or more is limit.
func distance(a, b string, limit int) int {
	ra, rb := []rune(a), []rune(b)
	if d := len(ra) - len(rb); d >= limit || -d >= limit {
		return limit
	}
	prev := make([]int, len(rb)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range ra {
		cur := make([]int, len(rb)+1)
		cur[0] = i + 1
		for j := range rb {
			cost := 1
			if ra[i] == rb[j] {
				cost = 0
			}
			cur[j+1] = min(cur[j]+1, prev[j+1]+1, prev[j]+cost)
		}
		prev = cur
	}
	return min(prev[len(rb)], limit)
}
