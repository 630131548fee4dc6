package practice

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
)

// ldPatch is the body of a semantic patch.
type ldPatch struct {
	EnvironmentKey string            `json:"environmentKey"`
	Comment        string            `json:"comment"`
	Instructions   []json.RawMessage `json:"instructions"`
}

// ldInstruction is one step of it, with the parameters of all kinds.
type ldInstruction struct {
	Kind               string         `json:"kind"`
	VariationID        string         `json:"variationId"`
	RolloutWeights     map[string]int `json:"rolloutWeights"`
	RolloutBucketBy    string         `json:"rolloutBucketBy"`
	RolloutContextKind string         `json:"rolloutContextKind"`
}

const (
	ldTurnOn  = "turnFlagOn"
	ldTurnOff = "turnFlagOff"
	ldServes  = "updateFallthroughVariationOrRollout"
)

// right is the action of a role that an instruction needs.
func (i ldInstruction) right() string {
	if i.Kind == ldServes {
		return "updateFallthrough"
	}
	return "updateOn"
}

func strictly(raw []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return ldInvalid("The body is not what is expected: " + err.Error())
	}
	return nil
}

// readPatch reads the body as its content type says: without the domain model
// it would be a JSON patch, which a semantic patch is not.
func readPatch(c *ldCall) (ldPatch, []ldInstruction, error) {
	var p ldPatch
	kind, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		return p, nil, ldInvalid("The Content-Type is not application/json")
	}
	if params["domain-model"] != "launchdarkly.semanticpatch" {
		return p, nil, ldInvalid("json: cannot unmarshal object into Go value of type jsonpatch.Patch")
	}
	for name := range c.URL.Query() {
		return p, nil, ldInvalid("The practice range does not know the query parameter " + name)
	}
	if err := strictly(c.body, &p); err != nil {
		return p, nil, err
	}
	list, err := readInstructions(p.Instructions)
	return p, list, err
}

func readInstructions(raw []json.RawMessage) ([]ldInstruction, error) {
	if len(raw) == 0 {
		return nil, ldInvalid("instructions: cannot be blank")
	}
	var list []ldInstruction
	for _, one := range raw {
		var i ldInstruction
		if err := strictly(one, &i); err != nil {
			return nil, err
		}
		list = append(list, i)
	}
	return list, nil
}

// on carries an instruction out on a copy of a flag's configuration.
func (i ldInstruction) on(f *ldFlag, c *ldConfig) error {
	switch i.Kind {
	case ldTurnOn, ldTurnOff:
		if i.VariationID != "" || i.RolloutWeights != nil {
			return ldInvalid(i.Kind + " has no parameters")
		}
		c.on = i.Kind == ldTurnOn
		return nil
	case ldServes:
		serve, err := i.serves(f)
		c.serve = serve
		return err
	}
	return ldInvalid(fmt.Sprintf("instruction kind %q is not known", i.Kind))
}

func (i ldInstruction) serves(f *ldFlag) (ldServe, error) {
	if (i.VariationID == "") == (i.RolloutWeights == nil) {
		return ldServe{}, ldInvalid("one of variationId and rolloutWeights is needed")
	}
	if i.VariationID != "" {
		n, ok := f.byID(i.VariationID)
		if !ok || i.RolloutBucketBy != "" || i.RolloutContextKind != "" {
			return ldServe{}, ldInvalid("variationId: not a variation of this flag, or with parameters of a rollout")
		}
		return ldServe{variation: n}, nil
	}
	s := ldServe{weights: make([]int, len(f.variations)), bucketBy: i.RolloutBucketBy, contextKind: i.RolloutContextKind}
	if s.contextKind == "" {
		s.contextKind = "user"
	}
	sum := 0
	for id, w := range i.RolloutWeights {
		n, ok := f.byID(id)
		if !ok || w < 0 {
			return ldServe{}, ldInvalid("rolloutWeights: " + id + " is not a variation of this flag, or its weight is negative")
		}
		s.weights[n], sum = w, sum+w
	}
	if sum != 100000 {
		return ldServe{}, ldInvalid(fmt.Sprintf("rolloutWeights: the sum is %d, not 100000", sum))
	}
	return s, nil
}

// patchFlag is PATCH /api/v2/flags/{project}/{flag}.
func (l *LaunchDarkly) patchFlag(c *ldCall) (int, any, error) {
	p, list, err := readPatch(c)
	if err != nil {
		return 0, nil, err
	}
	if err := l.claim(c, p, list); err != nil {
		return 0, nil, err
	}
	defer l.unclaim(c.PathValue("flag"), p.EnvironmentKey)
	if err := l.meet(LDBeforeApply); err != nil {
		return 0, nil, err
	}
	answer, err := l.apply(c, p, list)
	if err != nil {
		return 0, nil, err
	}
	if err := l.meet(LDAfterApply); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, answer, nil
}

// claim checks everything that can be refused, and takes the flag for this edit.
func (l *LaunchDarkly) claim(c *ldCall, p ldPatch, list []ldInstruction) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.find(c.PathValue("flag"))
	if !ok || c.PathValue("project") != l.project {
		return ldNotFound()
	}
	c.received.Flag, c.received.Comment = f.key, p.Comment
	config, ok := f.configs[p.EnvironmentKey]
	if !ok {
		return ldInvalid("environmentKey: there is no environment " + p.EnvironmentKey)
	}
	if err := l.refuse(f, config, p, list); err != nil {
		return err
	}
	if config.busy {
		return ldConflict()
	}
	config.busy = true
	return nil
}

func (l *LaunchDarkly) refuse(f *ldFlag, config *ldConfig, p ldPatch, list []ldInstruction) error {
	draft := *config
	for _, i := range list {
		if err := i.on(f, &draft); err != nil {
			return err
		}
		if l.denied[i.right()] {
			return ldForbidden("You do not have permission to perform " + i.right())
		}
	}
	switch {
	case l.approvals[p.EnvironmentKey]:
		return &ldRefusal{http.StatusMethodNotAllowed, "method_not_allowed", "Approval is required to make this request"}
	case config.pending:
		return ldInvalid("This change would break a pending scheduled change or approval request. Use ignoreConflicts to override.")
	}
	return nil
}

func (l *LaunchDarkly) unclaim(flag, environment string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f, ok := l.find(flag); ok {
		f.configs[environment].busy = false
	}
}

func (l *LaunchDarkly) apply(c *ldCall, p ldPatch, list []ldInstruction) (any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, _ := l.find(c.PathValue("flag")) // claimed, and flags are never removed
	draft := *f.configs[p.EnvironmentKey]
	for _, i := range list {
		if err := i.on(f, &draft); err != nil {
			return nil, err
		}
	}
	was := draft.version
	l.commit(f, p.EnvironmentKey, draft, ldAuthor{token: true}, p.Comment)
	is := f.configs[p.EnvironmentKey].version
	c.received.Applied, c.received.Version = is != was, is
	return f.rest(l, l.environments...), nil
}

// commit makes a draft the configuration of a flag, with its entry in the audit
// log and its event on the stream. What changes nothing leaves no trace. Under mu.
func (l *LaunchDarkly) commit(f *ldFlag, environment string, draft ldConfig, who ldAuthor, comment string) {
	was := f.configs[environment]
	verb := whatChanged(was, &draft)
	if verb == "" {
		return
	}
	before := frozen(f.rest(l, l.environments...))
	draft.version, draft.modified, draft.busy = was.version+1, l.now(), was.busy
	f.configs[environment] = &draft
	f.version++
	l.record(f, environment, who, verb, comment, before)
	l.announce(f.key)
}

func whatChanged(was, is *ldConfig) string {
	switch {
	case was.on != is.on && is.on:
		return "turned on the flag"
	case was.on != is.on:
		return "turned off the flag"
	case was.serve.variation != is.serve.variation || !slices.Equal(was.serve.weights, is.serve.weights) ||
		was.serve.bucketBy != is.serve.bucketBy || was.serve.contextKind != is.serve.contextKind:
		return "updated the default rule"
	case was.rules != is.rules:
		return "updated the rules"
	case !slices.Equal(was.targets, is.targets):
		return "updated the targets"
	case (was.off == nil) != (is.off == nil) || was.off != nil && *was.off != *is.off:
		return "updated the off variation"
	}
	return ""
}
