package practice

import (
	"encoding/json"
	"net/http"
	"strings"
)

// routes are the endpoints of LaunchDarkly that Mayday uses, the stream, and
// the page. Every other path is 404, as there.
func (l *LaunchDarkly) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]ldEndpoint{
		"GET /api/v2/caller-identity":                                      l.getCaller,
		"GET /api/v2/flags/{project}":                                      l.getFlags,
		"GET /api/v2/flags/{project}/{flag}":                               l.getFlag,
		"PATCH /api/v2/flags/{project}/{flag}":                             l.patchFlag,
		"GET /api/v2/flags/{project}/{environment}/{flag}/dependent-flags": l.getDependants,
		"GET /api/v2/auditlog":                                             l.getAudit,
		"GET /api/v2/auditlog/{id}":                                        l.getAuditEntry,
		"GET /api/v2/projects/{project}/environments/{environment}":        l.getEnvironment,
		"POST /api/v2/projects/{project}/flags/{flag}/environments/{environment}/approval-requests": l.postApproval,
		"/": func(*ldCall) (int, any, error) { return 0, nil, ldNotFound() },
	} {
		mux.HandleFunc(pattern, l.gate(answer))
	}
	l.streamRoutes(mux)
	l.pageRoutes(mux)
	return mux
}

func (l *LaunchDarkly) getCaller(*ldCall) (int, any, error) {
	return http.StatusOK, object{"accountId": "shop", "authKind": "token", "tokenKind": "auth", "tokenName": "mayday", "tokenId": "TOKEN1", "serviceToken": true}, nil
}

// getFlags is the list: twenty at a time, without environments unless one is
// asked for, as the version 20240415 has it.
func (l *LaunchDarkly) getFlags(c *ldCall) (int, any, error) {
	q := c.URL.Query()
	limit, err := ldLimit(q, 20, 100)
	if err != nil {
		return 0, nil, err
	}
	offset, err := number(q, "offset", 0)
	if err != nil {
		return 0, nil, ldInvalid("offset: not a number")
	}
	if c.PathValue("project") != l.project {
		return 0, nil, ldNotFound()
	}
	environments := q["env"]
	if c.version != "20240415" && c.version != "beta" && len(environments) == 0 {
		environments = l.environments
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	items := []any{}
	for n, f := range l.flags {
		if n >= offset && len(items) < limit {
			items = append(items, f.rest(l, environments...))
		}
	}
	return http.StatusOK, object{"items": items, "totalCount": len(l.flags), "_links": object{"self": ldLink(c.URL.Path)}}, nil
}

func (l *LaunchDarkly) getFlag(c *ldCall) (int, any, error) {
	environments := c.URL.Query()["env"]
	if len(environments) == 0 {
		environments = l.environments
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.find(c.PathValue("flag"))
	if !ok || c.PathValue("project") != l.project {
		return 0, nil, ldNotFound()
	}
	return http.StatusOK, f.rest(l, environments...), nil
}

// HideDependants makes the dependants of flags a secret, as they are on plans
// without prerequisites.
func (l *LaunchDarkly) HideDependants(hidden bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hidden = hidden
}

func (l *LaunchDarkly) getDependants(c *ldCall) (int, any, error) {
	if c.version != "beta" {
		return 0, nil, ldForbidden("This is a beta resource: use the header LD-API-Version: beta")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	environment := c.PathValue("environment")
	f, ok := l.find(c.PathValue("flag"))
	if !ok || c.PathValue("project") != l.project || f.configs[environment] == nil {
		return 0, nil, ldNotFound()
	}
	if l.hidden {
		return 0, nil, ldForbidden("Flag prerequisites are not available on this plan")
	}
	items := []any{}
	for _, other := range l.flags {
		for _, need := range other.configs[environment].prerequisites {
			if need.key == f.key {
				items = append(items, object{
					"key": other.key, "name": other.name, "_links": object{"self": ldLink("/api/v2/flags/" + l.project + "/" + other.key)},
					"_site": ldLink("/" + l.project + "/" + environment + "/features/" + other.key),
				})
			}
		}
	}
	return http.StatusOK, object{"items": items, "_links": object{"self": ldLink(c.URL.Path)}, "_site": ldLink("/")}, nil
}

func (l *LaunchDarkly) getEnvironment(c *ldCall) (int, any, error) {
	key := c.PathValue("environment")
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.PathValue("project") != l.project || !l.hasEnvironment(key) {
		return 0, nil, ldNotFound()
	}
	return http.StatusOK, object{
		"_links": object{"self": ldLink(c.URL.Path)}, "_id": "ENV" + key, "key": key, "name": key, "apiKey": "hidden", "mobileKey": "hidden",
		"color": "417505", "defaultTtl": 0, "secureMode": false, "defaultTrackEvents": false, "requireComments": false,
		"confirmChanges": false, "tags": []string{}, "critical": key != "test",
	}, nil
}

func (l *LaunchDarkly) hasEnvironment(key string) bool {
	return l.flags[0].configs[key] != nil
}

// RequireApproval makes an environment refuse edits that nobody approved.
func (l *LaunchDarkly) RequireApproval(environment string, required bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.approvals[environment] = required
}

// postApproval opens an approval request. Nobody here ever grants one.
func (l *LaunchDarkly) postApproval(c *ldCall) (int, any, error) {
	var in struct {
		Description     string            `json:"description"`
		Comment         string            `json:"comment"`
		Instructions    []json.RawMessage `json:"instructions"`
		NotifyMemberIDs []string          `json:"notifyMemberIds"`
		NotifyTeamKeys  []string          `json:"notifyTeamKeys"`
	}
	if err := strictly(c.body, &in); err != nil {
		return 0, nil, err
	}
	list, err := readInstructions(in.Instructions)
	if err != nil {
		return 0, nil, err
	}
	if strings.TrimSpace(in.Description) == "" {
		return 0, nil, ldInvalid("description: cannot be blank")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.find(c.PathValue("flag"))
	if !ok || c.PathValue("project") != l.project || f.configs[c.PathValue("environment")] == nil {
		return 0, nil, ldNotFound()
	}
	if l.denied["createApprovalRequest"] {
		return 0, nil, ldForbidden("You do not have permission to perform createApprovalRequest")
	}
	draft := *f.configs[c.PathValue("environment")]
	for _, i := range list {
		if err := i.on(f, &draft); err != nil {
			return 0, nil, err
		}
	}
	l.requests++
	c.received.Flag, c.received.Comment, c.received.Applied = f.key, in.Comment, true
	id := newID("AP")
	return http.StatusCreated, object{
		"_id": id, "_version": 1, "creationDate": l.now().UnixMilli(), "serviceKind": "launchdarkly", "description": in.Description,
		"reviewStatus": "pending", "allReviews": []any{}, "notifyMemberIds": []string{}, "status": "pending",
		"instructions": in.Instructions, "conflicts": []any{},
		"_links": object{
			"self": ldLink("/api/v2/approval-requests/" + id),
			"site": object{"href": "/projects/" + l.project + "/flags/" + f.key + "/approvals/" + id, "type": "text/html"},
		},
	}, nil
}
