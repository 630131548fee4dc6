package practice

import (
	"strconv"
	"time"
)

// shopFlags are the flags of the pretend shop, alike in both environments: the
// default rule of new-cart is a rollout, checkout-v2 needs new-cart to serve
// true, theme has three values, and off-is-true is one whose "off" serves true.
func (l *LaunchDarkly) shopFlags() []*ldFlag {
	yesNo := []any{true, false}
	half := ldServe{weights: []int{50000, 50000}, contextKind: "user"}
	return []*ldFlag{
		l.newFlag("new-cart", "New cart", yesNo, 1, half),
		l.newFlag("checkout-v2", "Checkout, second version", yesNo, 1, ldServe{}, ldPrerequisite{key: "new-cart", variation: 0}),
		l.newFlag("theme", "Theme of the shop", []any{"light", "dark", "autumn"}, 0, ldServe{variation: 1}),
		l.newFlag("off-is-true", "Serves true when it is off", yesNo, 0, ldServe{variation: 1}),
	}
}

func (l *LaunchDarkly) newFlag(key, name string, values []any, off int, serve ldServe, needs ...ldPrerequisite) *ldFlag {
	at := l.now().Add(-24 * time.Hour)
	f := &ldFlag{key: key, name: name, version: 1, created: at, configs: map[string]*ldConfig{}}
	for n, v := range values {
		f.variations = append(f.variations, ldVariation{ID: key + "-variation-" + strconv.Itoa(n), Value: v})
	}
	for _, e := range l.environments {
		f.configs[e] = &ldConfig{on: true, serve: serve, off: &off, version: 1, modified: at, prerequisites: needs}
	}
	return f
}
