package prometheus

import "strconv"

// figure writes a value with four figures, as people read it.
func figure(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
