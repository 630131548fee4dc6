package launchdarkly

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"mayday/integrations"
)

// request is the body of an approval request.
type request struct {
	Description  string        `json:"description"`
	Comment      string        `json:"comment"`
	Instructions []instruction `json:"instructions"`
}

// askApproval is what follows a 405: the environment wants an approval, so one is
// asked for there, once. The flag is as it was whatever comes of that.
func (t *target) askApproval(ctx context.Context, a attempt) error {
	r := &integrations.Rejected{
		Code: "E17",
		Why:  fmt.Sprintf("LaunchDarkly said no (405: approval required for %s in %s)", a.seen.Key, t.own.Environment),
		Fix:  "Approve and apply it there: ",
	}
	where := path("projects", t.own.Project, "flags", a.seen.Key, "environments", t.own.Environment, "approval-requests")
	body := request{Description: a.plan.Title, Comment: comment(a.plan), Instructions: a.list}
	said, sent, err := t.api.change(ctx, http.MethodPost, where, plainJSON, body)
	link := t.link(a.seen)
	switch {
	case err == nil && said.status == http.StatusCreated:
		r.Why += "; I asked for one there."
		link = t.approvalLink(said, link)
	case err != nil && sent, err == nil && said.status >= 500:
		r.Why += "; I asked for one there, and no answer came."
		r.Fix = "Look whether the request is there: "
	case err != nil:
		r.Why += "; I could not ask for one (" + inWords(err) + ")."
		r.Fix = "Ask for it there: "
	default:
		r.Why += fmt.Sprintf("; asking for one was refused (%d%s).", said.status, reason(said))
		r.Fix = "Ask for it there, or give the role of the token createApprovalRequest: "
	}
	r.Why += fmt.Sprintf(" %s is still %s.", a.seen.Key, a.seen.words(a.seen.state()))
	r.Fix += link
	return r
}

// approvalLink is where people see the request; the link to the flag when the
// answer has none for people.
func (t *target) approvalLink(said answer, otherwise string) string {
	var made struct {
		Links map[string]struct {
			Href string `json:"href"`
			Type string `json:"type"`
		} `json:"_links"`
	}
	if json.Unmarshal(said.body, &made) != nil {
		return otherwise
	}
	for _, l := range made.Links {
		if l.Type == "text/html" && strings.HasPrefix(l.Href, "/") {
			return t.own.APIURL + integrations.OneLine(l.Href)
		}
	}
	return otherwise
}

// answered reads a flag out of an answer.
func (t *target) answered(said answer) (seen, bool) {
	var f flag
	if said.broken != nil || json.Unmarshal(said.body, &f) != nil {
		return seen{}, false
	}
	c := f.Environments[t.own.Environment]
	if c == nil {
		return seen{}, false
	}
	return seen{flag: f, setting: *c}, true
}
