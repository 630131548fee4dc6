package practice

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// routes are the endpoints of PagerDuty that Mayday uses, and the page. Every
// other path is 404, as there.
func (p *PagerDuty) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, answer := range map[string]endpoint{
		"GET /abilities":                          p.getAbilities,
		"GET /users":                              p.getUsers,
		"GET /users/{id}":                         p.getUser,
		"GET /incidents":                          p.getIncidents,
		"GET /incidents/{id}":                     p.getIncident,
		"PUT /incidents/{id}":                     p.asUser(p.putIncident),
		"GET /incidents/{id}/notes":               p.getNotes,
		"POST /incidents/{id}/notes":              p.asUser(p.postNote),
		"POST /incidents/{id}/responder_requests": p.postResponders,
		"POST /incidents/{id}/snooze":             p.asUser(p.postSnooze),
		"GET /change_events":                      p.getChanges,
		"/":                                       func(*call) (any, error) { return nil, notFound() },
	} {
		mux.HandleFunc(pattern, p.gate(answer))
	}
	p.pageRoutes(mux)
	return mux
}

func (p *PagerDuty) getAbilities(*call) (any, error) {
	return object{"abilities": []string{"teams", "urgencies", "coordinated_responding", "event_rules"}}, nil
}

func (u Person) rest() object {
	return object{
		"id": u.ID, "type": "user", "summary": u.Name, "name": u.Name, "email": u.Email,
		"self": shopWeb + "/api/users/" + u.ID, "html_url": shopWeb + "/users/" + u.ID,
		"time_zone": "Europe/Berlin", "role": "user", "description": nil, "job_title": "Engineer",
		"teams": []any{teamReference()},
	}
}

func (p *PagerDuty) getUsers(c *call) (any, error) {
	query := strings.ToLower(c.URL.Query().Get("query"))
	found := []any{}
	for _, u := range p.shop.people {
		if strings.Contains(strings.ToLower(u.Name), query) || strings.Contains(strings.ToLower(u.Email), query) {
			found = append(found, u.rest())
		}
	}
	return page("users", found, c.URL.Query())
}

func (p *PagerDuty) getUser(c *call) (any, error) {
	id := c.PathValue("id")
	if id == "me" {
		return nil, invalid("A key of the account has no user")
	}
	n := slices.IndexFunc(p.shop.people, func(u Person) bool { return u.ID == id })
	if n < 0 {
		return nil, notFound()
	}
	return object{"user": p.shop.people[n].rest()}, nil
}

// page cuts a list as PagerDuty pages it.
func page(name string, all []any, q url.Values) (any, error) {
	limit, err := number(q, "limit", 25)
	if err != nil {
		return nil, err
	}
	offset, err := number(q, "offset", 0)
	if err != nil {
		return nil, err
	}
	if limit < 1 || limit > 100 || offset+limit > 10000 {
		return nil, invalid("Limit must be 1 to 100, and offset and limit together at most 10000")
	}
	from, to := min(offset, len(all)), min(offset+limit, len(all))
	return object{name: all[from:to], "limit": limit, "offset": offset, "total": nil, "more": to < len(all)}, nil
}

func number(q url.Values, name string, otherwise int) (int, error) {
	if !q.Has(name) {
		return otherwise, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 0 {
		return 0, invalid(name + " must be a number")
	}
	return n, nil
}

func (p *PagerDuty) getIncidents(c *call) (any, error) {
	q := c.URL.Query()
	p.mu.Lock()
	found := []any{}
	for _, i := range slices.Backward(p.incidents) {
		if wanted(q["statuses[]"], i.status) && wanted(q["service_ids[]"], i.service.ID) && wanted(q["urgencies[]"], i.urgency) {
			found = append(found, i.rest())
		}
	}
	p.mu.Unlock()
	return page("incidents", found, q)
}

func wanted(values []string, value string) bool {
	return len(values) == 0 || slices.Contains(values, value)
}

// onIncident runs answer with the incident of the path, under mu.
func (p *PagerDuty) onIncident(c *call, answer func(i *pdIncident) (any, error)) (any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, ok := p.find(c.PathValue("id"))
	if !ok {
		return nil, notFound()
	}
	return answer(i)
}

func (p *PagerDuty) getIncident(c *call) (any, error) {
	return p.onIncident(c, func(i *pdIncident) (any, error) { return object{"incident": i.rest()}, nil })
}

func (p *PagerDuty) getNotes(c *call) (any, error) {
	return p.onIncident(c, func(i *pdIncident) (any, error) {
		return object{"notes": append([]object{}, i.notes...)}, nil
	})
}

func (p *PagerDuty) postNote(c *call) (any, error) {
	var in struct {
		Note *struct {
			Content string `json:"content"`
		} `json:"note"`
	}
	if err := read(c, &in); err != nil {
		return nil, err
	}
	if in.Note == nil || in.Note.Content == "" {
		return nil, invalid("Content cannot be empty.")
	}
	return p.onIncident(c, func(i *pdIncident) (any, error) {
		if len(i.notes) >= 2000 {
			return nil, invalid("An incident has at most 2000 notes")
		}
		data := i.annotate(c.from, in.Note.Content, p.now())
		p.emit("incident.annotated", c.from, i.id, data)
		return object{"note": i.notes[len(i.notes)-1]}, nil
	})
}

// read is strict: what the practice range would ignore is refused instead, so
// that a test cannot pass on a wish that nobody fulfilled.
func read(c *call, into any) error {
	dec := json.NewDecoder(bytes.NewReader(c.body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return invalid("The body is not the JSON that is expected: " + err.Error())
	}
	return nil
}
