package practice

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ldAuthor is a member, or the service token.
type ldAuthor struct {
	token  bool
	member Person
}

// ldEntry is one line of the audit log, with the flag before and after.
type ldEntry struct {
	id            string
	at            time.Time
	flag          *ldFlag
	resource      string
	who           ldAuthor
	verb, comment string
	before, after json.RawMessage
}

// frozen is a value as it is now; what changes later does not change it.
func frozen(v any) json.RawMessage {
	raw, err := encode(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return raw
}

// record adds an entry, under mu.
func (l *LaunchDarkly) record(f *ldFlag, environment string, who ldAuthor, verb, comment string, before json.RawMessage) {
	l.audit = append(l.audit, ldEntry{
		id: newID("AU"), at: l.now(), flag: f, resource: l.resource(environment, f.key), who: who, verb: verb, comment: comment,
		before: before, after: frozen(f.rest(l, l.environments...)),
	})
}

func (l *LaunchDarkly) resource(environment, flag string) string {
	return "proj/" + l.project + ":env/" + environment + ":flag/" + flag
}

// rest is the entry as the list has it.
func (e ldEntry) rest() object {
	by := e.who.member.Name
	out := object{
		"_links": object{"self": ldLink("/api/v2/auditlog/" + e.id)}, "_id": e.id, "_accountId": "shop",
		"date": e.at.UnixMilli(), "kind": "flag", "name": e.flag.name, "description": "* " + e.verb, "shortDescription": "",
		"comment": e.comment, "titleVerb": e.verb,
		"accesses": []any{object{"action": "updateFlag", "resource": e.resource}},
		"target":   object{"_links": object{}, "name": e.flag.name, "resources": []string{e.resource}},
	}
	if e.who.token {
		by = "mayday"
		out["token"] = object{"_id": "TOKEN1", "name": by, "ending": "0000", "serviceToken": true}
	} else {
		out["member"] = object{"_id": e.who.member.ID, "email": e.who.member.Email, "firstName": by, "lastName": ""}
	}
	out["subject"] = object{"name": by}
	out["title"] = by + " " + e.verb + " " + e.flag.name
	return out
}

func (l *LaunchDarkly) getAudit(c *ldCall) (int, any, error) {
	q := c.URL.Query()
	limit, err := ldLimit(q, 10, 20)
	if err != nil {
		return 0, nil, err
	}
	after, err := number(q, "after", 0)
	if err != nil {
		return 0, nil, ldInvalid("after: not a number")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	items := []any{}
	for _, e := range slices.Backward(l.audit) {
		if len(items) < limit && e.at.UnixMilli() > int64(after) && e.matches(q.Get("spec")) {
			items = append(items, e.rest())
		}
	}
	return http.StatusOK, object{"items": items, "_links": object{"self": ldLink("/api/v2/auditlog")}}, nil
}

// matches understands a specifier with one star at its end.
func (e ldEntry) matches(spec string) bool {
	if start, starred := strings.CutSuffix(spec, "*"); starred {
		return strings.HasPrefix(e.resource, start)
	}
	return spec == "" || spec == e.resource
}

func ldLimit(q url.Values, otherwise, most int) (int, error) {
	n, err := number(q, "limit", otherwise)
	if err != nil || n < 1 || n > most {
		return 0, ldInvalid("limit: must be between 1 and " + strconv.Itoa(most))
	}
	return n, nil
}

func (l *LaunchDarkly) getAuditEntry(c *ldCall) (int, any, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := slices.IndexFunc(l.audit, func(e ldEntry) bool { return e.id == c.PathValue("id") })
	if n < 0 {
		return 0, nil, ldNotFound()
	}
	out := l.audit[n].rest()
	out["previousVersion"], out["currentVersion"] = l.audit[n].before, l.audit[n].after
	return http.StatusOK, out, nil
}
