package practice

import (
	"strings"

	"mayday/internal/fault"
)

// Person is somebody of the pretend shop.
type Person struct {
	ID, Name, Email string
}

// Service is one of its services.
type Service struct {
	ID, Name string
}

var shopServices = []Service{
	{"PCHECK", "checkout"}, {"PSEARCH", "search"}, {"PWORKER", "workers"},
	{"PPAYDB", "payments-db"}, {"PRABBIT", "rabbitmq"},
}

var shopEmails = []string{"ana@shop.example", "li@shop.example", "sam@shop.example", "mayday@shop.example"}

// priorities have ids like everything else.
var shopPriorities = []string{"P1", "P2", "P3", "P4", "P5"}

const (
	shopWeb    = "https://shop.example"
	policyID   = "PONCALL"
	policyName = "Shop on call"
)

// shop is who and what there is; it does not change.
type shop struct {
	people []Person
}

func newShop(more []string) shop {
	var s shop
	seen := map[string]bool{}
	for _, email := range append(append([]string{}, shopEmails...), more...) {
		if !seen[strings.ToLower(email)] {
			seen[strings.ToLower(email)] = true
			s.people = append(s.people, personOf(email))
		}
	}
	return s
}

// personOf makes Ana with the id PUANA of ana@shop.example.
func personOf(email string) Person {
	local, _, _ := strings.Cut(email, "@")
	if local == "" {
		local = "nobody"
	}
	name := strings.ToUpper(local[:1]) + local[1:]
	id := strings.Map(func(r rune) rune {
		if (r >= 'A' && r <= 'Z') || (r >= '0' && r <= '9') {
			return r
		}
		return -1
	}, strings.ToUpper(local))
	return Person{ID: "PU" + id, Name: name, Email: email}
}

// person finds somebody by name, id or e-mail address.
func (s shop) person(who string) (Person, error) {
	for _, p := range s.people {
		if strings.EqualFold(p.Name, who) || p.ID == who || strings.EqualFold(p.Email, who) {
			return p, nil
		}
	}
	return Person{}, fault.New(fault.NotFound, "E23", "Nobody in the pretend shop is called "+who+".", "Known: "+s.names()+".")
}

func (s shop) names() string {
	var names []string
	for _, p := range s.people {
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

func (s shop) byEmail(email string) (Person, bool) {
	for _, p := range s.people {
		if strings.EqualFold(p.Email, email) {
			return p, true
		}
	}
	return Person{}, false
}

func (s shop) service(name string) (Service, error) {
	var names []string
	for _, v := range shopServices {
		if v.Name == name || v.ID == name {
			return v, nil
		}
		names = append(names, v.Name)
	}
	return Service{}, fault.New(fault.NotFound, "E23", "The pretend shop has no service "+name+".", "Known: "+strings.Join(names, ", ")+".")
}

// object is JSON as PagerDuty writes it.
type object = map[string]any

// reference is how PagerDuty points at a thing.
func reference(kind, path, id, summary string) object {
	return object{
		"id": id, "type": kind + "_reference", "summary": summary,
		"self": shopWeb + "/api/" + path + "/" + id, "html_url": shopWeb + "/" + path + "/" + id,
	}
}

func (u Person) reference() object  { return reference("user", "users", u.ID, u.Name) }
func (s Service) reference() object { return reference("service", "services", s.ID, s.Name) }

func policyReference() object {
	return reference("escalation_policy", "escalation_policies", policyID, policyName)
}

func teamReference() object { return reference("team", "teams", "PTEAM", "shop") }

// priorityReference is nil, which is null, for no priority.
func priorityReference(name string) any {
	if name == "" {
		return nil
	}
	return reference("priority", "priorities", "PPRIO"+name[1:], name)
}
