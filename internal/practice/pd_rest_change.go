package practice

import "net/http"

// wish is the body of PUT /incidents/{id}. Of what PagerDuty can change only
// status and priority are practised; the rest is refused instead of ignored.
type wish struct {
	Incident *struct {
		Type     string `json:"type"`
		Status   string `json:"status"`
		Priority *struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		} `json:"priority"`
	} `json:"incident"`
}

func (p *PagerDuty) putIncident(c *call) (any, error) {
	var in wish
	if err := read(c, &in); err != nil {
		return nil, err
	}
	if in.Incident == nil || (in.Incident.Type != "incident" && in.Incident.Type != "incident_reference") {
		return nil, invalid("Incident must have the type incident or incident_reference")
	}
	if in.Incident.Status == "" && in.Incident.Priority == nil {
		return nil, invalid("The practice range changes status and priority only")
	}
	priority := ""
	if in.Incident.Priority != nil {
		var err error
		if priority, err = priorityByID(in.Incident.Priority.ID); err != nil {
			return nil, err
		}
	}
	return p.onIncident(c, func(i *pdIncident) (any, error) {
		if err := p.move(i, in.Incident.Status, c.from); err != nil {
			return nil, err
		}
		if priority != "" && priority != i.priority {
			i.priority, i.updated = priority, p.now()
			p.emit("incident.priority_updated", c.from, i.id, i.webhook())
		}
		return object{"incident": i.rest()}, nil
	})
}

func priorityByID(id string) (string, error) {
	for _, name := range shopPriorities {
		if "PPRIO"+name[1:] == id {
			return name, nil
		}
	}
	return "", invalid("Priority not found")
}

// move changes the status as PagerDuty does: what is resolved opens again when
// it is acknowledged or triggered. It needs mu.
func (p *PagerDuty) move(i *pdIncident, status string, who Person) error {
	was := i.status
	switch status {
	case "":
		return nil
	case stateResolved:
		if was == stateResolved {
			return &refusal{status: http.StatusBadRequest, code: codeResolved, message: "Incident Already Resolved"}
		}
		i.resolve(who, nil)
	case stateAcknowledged:
		if was == stateAcknowledged {
			return &refusal{status: http.StatusBadRequest, code: codeAcknowledged, message: "Incident Already Acknowledged"}
		}
		i.acked = []Person{who}
	case stateTriggered:
		i.acked = nil
	default:
		return invalid("Status must be triggered, acknowledged or resolved")
	}
	i.status, i.changed, i.updated = status, who, p.now()
	if was == stateResolved {
		i.reason, i.reopened = nil, i.updated
		p.emit("incident.reopened", who, i.id, i.webhook())
	}
	switch {
	case status == stateAcknowledged:
		p.emit("incident.acknowledged", who, i.id, i.webhook())
	case status == stateResolved:
		p.emit("incident.resolved", who, i.id, i.webhook())
	case was == stateAcknowledged:
		p.emit("incident.unacknowledged", who, i.id, i.webhook())
	}
	return nil
}

// asked is the body of POST /incidents/{id}/responder_requests.
type asked struct {
	RequesterID *string `json:"requester_id"`
	Message     *string `json:"message"`
	Targets     []struct {
		Target struct {
			ID   string `json:"id"`
			Type string `json:"type"`
		} `json:"responder_request_target"`
	} `json:"responder_request_targets"`
}

func (p *PagerDuty) postResponders(c *call) (any, error) {
	var in asked
	if err := read(c, &in); err != nil {
		return nil, err
	}
	if in.RequesterID == nil || in.Message == nil || len(in.Targets) == 0 {
		return nil, invalid("requester_id, message and responder_request_targets are required")
	}
	requester, ok := p.userByID(*in.RequesterID)
	if !ok {
		return nil, &refusal{status: http.StatusBadRequest, code: codeNoRequester, message: "Requester User Not Found"}
	}
	return p.onIncident(c, func(i *pdIncident) (any, error) {
		if i.status == stateResolved {
			return nil, &refusal{status: http.StatusBadRequest, code: codeResolved, message: "Incident Already Resolved"}
		}
		var targets []any
		for _, t := range in.Targets {
			who, data, err := p.asks(i, t.Target.Type, t.Target.ID, *in.Message)
			if err != nil {
				return nil, err
			}
			p.emit("incident.responder.added", requester, i.id, data)
			targets = append(targets, object{"responder_request_target": object{
				"type": t.Target.Type, "id": t.Target.ID,
				"incidents_responders": []any{object{
					"state": "pending", "user": who.reference(), "incident": i.reference(),
					"message": *in.Message, "requester": requester.reference(),
					"updated_at": stamp(p.now()), "requested_at": stamp(p.now()),
				}},
			}})
		}
		return object{"responder_request": object{
			"incident": i.reference(), "requester": requester.reference(), "requested_at": stamp(p.now()),
			"message": *in.Message, "responder_request_targets": targets,
		}}, nil
	})
}

func (p *PagerDuty) userByID(id string) (Person, bool) {
	for _, u := range p.shop.people {
		if u.ID == id {
			return u, true
		}
	}
	return Person{}, false
}

// asks finds who is asked: a person, or whoever the policy calls first.
func (p *PagerDuty) asks(i *pdIncident, kind, id, message string) (Person, object, error) {
	who, ok := p.shop.people[0], id == policyID
	var policy any = policyReference()
	switch kind {
	case "escalation_policy", "escalation_policy_reference":
	case "user", "user_reference":
		who, ok = p.userByID(id)
		policy = nil
	default:
		ok = false
	}
	if !ok {
		return Person{}, nil, invalid("Responder request target not found")
	}
	return who, object{
		"type": "incident_responder", "state": "pending", "message": message,
		"incident": i.reference(), "user": who.reference(), "escalation_policy": policy,
	}, nil
}
