package practice

import (
	"slices"

	"mayday/internal/fault"
)

// LDChange is what somebody else does to a flag. Only what is set happens.
type LDChange struct {
	Environment string // the one of the options unless set
	On          *bool
	Serve       string         // the value that the default rule serves
	Weights     map[string]int // of its rollout, in thousandths of a percent by value
	BucketBy    string         // attribute of the rollout
	ContextKind string         // of the rollout, "user" unless set
	OffServes   string         // the value that "off" serves, or "nothing"
	Target      string         // a context key that gets the first variation from now on
	Rule        bool           // adds a rule
	Description string         // of the flag; changes nothing that is served
	Comment     string
}

// SetBy makes a member of the shop change a flag.
func (l *LaunchDarkly) SetBy(person, flag string, c LDChange) error {
	who, err := l.shop.person(person)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.named(flag)
	if err != nil {
		return err
	}
	if c.Environment == "" {
		c.Environment = l.environment
	}
	config, ok := f.configs[c.Environment]
	if !ok {
		return fault.Newf(fault.NotFound, "E23", "There is no environment %s.", c.Environment)
	}
	draft := *config
	draft.targets = slices.Clone(config.targets)
	if err := c.on(f, &draft); err != nil {
		return err
	}
	l.commit(f, c.Environment, draft, ldAuthor{member: who}, c.Comment)
	if c.Description != "" {
		before := frozen(f.rest(l, l.environments...))
		f.description = c.Description
		f.version++
		l.record(f, "*", ldAuthor{member: who}, "updated the description", c.Comment, before)
	}
	return nil
}

func (c LDChange) on(f *ldFlag, draft *ldConfig) error {
	if c.On != nil {
		draft.on = *c.On
	}
	if c.Rule {
		draft.rules++
	}
	if c.Target != "" {
		draft.targets = append(draft.targets, c.Target)
	}
	switch c.OffServes {
	case "":
	case "nothing":
		draft.off = nil
	default:
		n, ok := f.byValue(c.OffServes)
		if !ok {
			return noValue(f, c.OffServes)
		}
		draft.off = &n
	}
	return c.serves(f, draft)
}

func (c LDChange) serves(f *ldFlag, draft *ldConfig) error {
	if c.Serve != "" {
		n, ok := f.byValue(c.Serve)
		if !ok {
			return noValue(f, c.Serve)
		}
		draft.serve = ldServe{variation: n}
	}
	if c.Weights == nil {
		return nil
	}
	s := ldServe{weights: make([]int, len(f.variations)), bucketBy: c.BucketBy, contextKind: c.ContextKind}
	if s.contextKind == "" {
		s.contextKind = "user"
	}
	sum := 0
	for value, w := range c.Weights {
		n, ok := f.byValue(value)
		if !ok {
			return noValue(f, value)
		}
		s.weights[n], sum = w, sum+w
	}
	if sum != 100000 {
		return fault.Newf(fault.Invalid, "E23", "The weights add up to %d, not to 100000.", sum)
	}
	draft.serve = s
	return nil
}

func noValue(f *ldFlag, value string) error {
	return fault.Newf(fault.NotFound, "E23", "The flag %s has no value %s.", f.key, value)
}

// Pending makes an edit of a flag break something that was planned before.
func (l *LaunchDarkly) Pending(flag string, pending bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.named(flag)
	if err != nil {
		return err
	}
	f.configs[l.environment].pending = pending
	return nil
}

// LDState is a flag as it is now in an environment.
type LDState struct {
	On      bool
	Serve   any            // the value of the default rule; nil when it is a rollout
	Weights map[string]int // of its rollout, by variation id
	Off     any            // the value that "off" serves
	Version int

	BucketBy, ContextKind string
}

// State tells how a flag is; environment "" is the one of the options.
func (l *LaunchDarkly) State(flag, environment string) (LDState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := l.named(flag)
	if err != nil {
		return LDState{}, err
	}
	if environment == "" {
		environment = l.environment
	}
	c, ok := f.configs[environment]
	if !ok {
		return LDState{}, fault.Newf(fault.NotFound, "E23", "There is no environment %s.", environment)
	}
	out := LDState{On: c.on, Version: c.version, BucketBy: c.serve.bucketBy, ContextKind: c.serve.contextKind}
	if c.off != nil {
		out.Off = f.variations[*c.off].Value
	}
	if c.serve.weights == nil {
		out.Serve = f.variations[c.serve.variation].Value
		return out, nil
	}
	out.Weights = map[string]int{}
	for n, w := range c.serve.weights {
		out.Weights[f.variations[n].ID] = w
	}
	return out, nil
}
