package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mayday/bot/chat"
	"mayday/internal/fault"
	"mayday/internal/incident"
)

func TestRefusalsOfTheAPI(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	w.on("refused", func(chat.Interaction) (chat.Message, error) {
		return chat.Message{}, fault.New(fault.Refused, "E11", "You asked for this.", "Ask Li.")
	})
	w.on("conflict", func(chat.Interaction) (chat.Message, error) {
		return chat.Message{}, fault.New(fault.Conflict, "E10", "It changed.", "")
	})
	w.on("broken", func(chat.Interaction) (chat.Message, error) { return chat.Message{}, errors.New("secret detail") })
	w.on("down", func(chat.Interaction) (chat.Message, error) {
		return chat.Message{}, fault.New(fault.Unavailable, "E26", "The disk is full.", "")
	})
	_, srv := newServer(t, w.options())
	for name, c := range map[string]struct {
		method, path, token, body string
		status                    int
		code                      string
	}{
		"no token":             {"GET", "incidents", "", "", 401, "E25"},
		"wrong token":          {"GET", "incidents", "nope", "", 401, "E25"},
		"no token, no path":    {"GET", "nothing", "", "", 401, "E25"},
		"no such path":         {"GET", "nothing", "ana-token", "", 404, "E23"},
		"wrong method":         {"DELETE", "incidents", "ana-token", "", 405, "E24"},
		"no such incident":     {"GET", "incidents/INC-7", "ana-token", "", 404, "E23"},
		"no incident's name":   {"GET", "incidents/x", "ana-token", "", 404, "E23"},
		"bad state":            {"GET", "incidents?state=shut", "ana-token", "", 400, "E24"},
		"bad limit":            {"GET", "incidents?limit=0", "ana-token", "", 400, "E24"},
		"bad cursor":           {"GET", "incidents?cursor=x", "ana-token", "", 400, "E24"},
		"bad after":            {"GET", "incidents/42/timeline?after=-1", "ana-token", "", 400, "E24"},
		"no such step":         {"GET", "steps/s", "ana-token", "", 404, "E23"},
		"no such question":     {"GET", "steps/r:1", "ana-token", "", 404, "E23"},
		"no such room":         {"GET", "rooms/kitchen/messages", "ana-token", "", 404, "E23"},
		"not JSON":             {"POST", "commands", "ana-token", "text=own", 400, "E24"},
		"cut off JSON":         {"POST", "commands", "ana-token", `{"text":"own`, 400, "E24"},
		"unknown key":          {"POST", "commands", "ana-token", `{"txet":"own"}`, 400, "E24"},
		"two values":           {"POST", "commands", "ana-token", `{"text":"own"}{}`, 400, "E24"},
		"wrong type":           {"POST", "commands", "ana-token", `{"text":7}`, 400, "E24"},
		"empty body":           {"POST", "commands", "ana-token", ``, 400, "E24"},
		"bad incident":         {"POST", "commands", "ana-token", `{"text":"own","incident":"checkout"}`, 400, "E24"},
		"too long a command":   {"POST", "commands", "ana-token", `{"text":"` + strings.Repeat("x", maxCommand+1) + `"}`, 400, "E24"},
		"too large a body":     {"POST", "commands", "ana-token", `{"text":"` + strings.Repeat("x", apiBody) + `"}`, 413, "E24"},
		"input of numbers":     {"POST", "buttons/refused", "ana-token", `{"input":{"n":7}}`, 400, "E24"},
		"input of odd lists":   {"POST", "buttons/refused", "ana-token", `{"input":{"n":["a",7]}}`, 400, "E24"},
		"press without rights": {"POST", "buttons/refused", "ana-token", `{}`, 403, "E11"},
		"press after a change": {"POST", "buttons/conflict", "ana-token", ``, 409, "E10"},
		"press of an old one":  {"POST", "buttons/unknown", "ana-token", `{}`, 410, "E4"},
		"press while full":     {"POST", "buttons/down", "ana-token", `{}`, 503, "E26"},
		"press that breaks":    {"POST", "buttons/broken", "ana-token", `{}`, 500, "internal"},
		"link for a service":   {"POST", "links", "ci-token", ``, 403, "E1"},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, h := call(t, c.method, srv.URL+apiRoot+c.path, c.token, c.body)
			var got struct {
				Error struct {
					Code, Message string
					Hint          *string
				}
			}
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatalf("answer %q: %v", body, err)
			}
			if status != c.status || got.Error.Code != c.code || got.Error.Message == "" || got.Error.Hint == nil {
				t.Errorf("got %d %s, want %d %s", status, body, c.status, c.code)
			}
			if strings.Contains(body, "secret detail") {
				t.Errorf("the cause is shown: %s", body)
			}
			if status == http.StatusMethodNotAllowed && h.Get("Allow") == "" {
				t.Error("405 without Allow")
			}
		})
	}
}

func TestWhoAPressIsFrom(t *testing.T) {
	for name, c := range map[string]struct {
		demo           bool
		token, as      string
		status         int
		id, role, name string
		service        bool
	}{
		"a token is its person":          {token: "ana-token", status: 200, id: "ana", name: "ana", role: "responder"},
		"a service is no person":         {token: "ci-token", status: 200, id: "ci", name: "ci", role: "admin", service: true},
		"a viewer may ask the handler":   {token: "vi-token", status: 200, id: "vi", name: "vi", role: "viewer"},
		"somebody else, in the demo":     {demo: true, token: demoToken, as: "Sam:approver", status: 200, id: "sam", name: "Sam", role: "approver"},
		"a person of the demo, spelled":  {demo: true, token: demoToken, as: "ANA:responder", status: 200, id: "ana", name: "Ana", role: "responder"},
		"somebody else, in production":   {token: demoToken, as: "Sam:approver", status: 403},
		"somebody else, by other tokens": {demo: true, token: "ana-token", as: "Sam:approver", status: 403},
		"somebody else, without a token": {demo: true, as: "Sam:approver", status: 401},
		"a role that is none":            {demo: true, token: demoToken, as: "Sam:king", status: 400},
		"a name that is none":            {demo: true, token: demoToken, as: ":admin", status: 400},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			o := w.options()
			if c.demo {
				o = w.demo()
			}
			_, srv := newServer(t, o)
			header := []string{}
			if c.as != "" {
				header = []string{"Mayday-As", c.as}
			}
			status, body, _ := call(t, "POST", srv.URL+"/api/v1/commands", c.token, `{"text":"/mayday own"}`, header...)
			if status != c.status {
				t.Fatalf("got %d %s, want %d", status, body, c.status)
			}
			if status != http.StatusOK {
				if len(w.heard()) > 0 {
					t.Errorf("the handler heard %v", w.heard())
				}
				return
			}
			in := w.heard()[0]
			want := chat.User{ID: c.id, Name: c.name, Role: c.role, Service: c.service}
			if diff := cmp.Diff(want, in.User); diff != "" || in.Text != "own" || in.Platform != "web" || in.ID == "" {
				t.Errorf("handler heard %+v (-want +got):\n%s", in, diff)
			}
		})
	}
}

func TestIncidentsOfTheAPI(t *testing.T) {
	w := newWorld()
	i := checkout(42)
	i.Steps = []incident.Step{{ID: "s1", Run: "r1", Index: 1, Of: 2, Playbook: "kill-queries", Action: "pg.terminate", Grade: incident.GradeDanger, State: incident.Waiting, SecondOne: true,
		RequestedBy: "Ana", Digest: strings.Repeat("ab", 32), Plan: incident.Plan{Title: "End session 4412", Target: "postgres/payments-db/4412", Checks: []incident.Check{{Text: "no dump", Answer: incident.Yes}}}}}
	w.add(i)
	alert := checkout(43)
	alert.DeclaredAt, alert.Clock, alert.Sources = time.Time{}, incident.Clock{}, nil
	w.add(alert)
	_, srv := newServer(t, w.options())
	get := func(path string) map[string]any {
		t.Helper()
		status, body, _ := call(t, "GET", srv.URL+apiRoot+path, "vi-token", "")
		var out map[string]any
		if err := json.Unmarshal([]byte(body), &out); err != nil || status != http.StatusOK {
			t.Fatalf("GET %s: %d %s", path, status, body)
		}
		return out
	}
	page := get("incidents?limit=1")
	first := page["incidents"].([]any)[0].(map[string]any)
	for field, want := range map[string]any{"id": "INC-43", "owner": nil, "declared_at": nil, "next_update_due": nil, "resolved_at": nil, "source": nil, "alerts": 0.0, "drill": false} {
		if got, ok := first[field]; !ok || got != want {
			t.Errorf("alert's %s is %v (there: %t), want %v", field, got, ok, want)
		}
	}
	if page["next"] != "43" {
		t.Errorf("next is %v, want 43", page["next"])
	}
	rest := get("incidents?limit=1&cursor=43")
	if got := rest["incidents"].([]any)[0].(map[string]any)["id"]; got != "INC-42" {
		t.Errorf("the second page begins with %v", got)
	}
	whole := get("incidents/42")
	if whole["next_update_due"] != "2026-03-10T14:12:00Z" || whole["alerts"] != 1.0 || whole["source"].(map[string]any)["id"] != "Q8812" {
		t.Errorf("incident is %v", whole)
	}
	step := whole["steps"].([]any)[0].(map[string]any)
	if step["state"] != "WAITING_APPROVAL" || step["grade"] != "danger" || step["undo_of"] != nil || len(step["approved_by"].([]any)) != 0 {
		t.Errorf("step is %v", step)
	}
	if got := get("steps/s1"); got["digest"] != strings.Repeat("ab", 32) || got["incident"] != "INC-42" || len(whole["in_force"].([]any)) != 0 {
		t.Errorf("step is %v", got)
	}
}

func TestMessagesOfTheAPI(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	w.post(chat.Message{Key: "INC-42:card", Kind: "card", Room: "operations", Incident: "INC-42", Lines: []chat.Line{chat.L("card")},
		Buttons: []chat.Button{{ID: "b1", Label: "I'm on it", Verb: "own"}}, More: []chat.Button{{ID: "b2", Label: "Resolve", Verb: "resolve"}}}, start)
	w.post(chat.Message{Key: "INC-42:ask:r:1", Kind: "step", Room: "operations", Thread: "INC-42", Incident: "INC-42", Step: "r:1", Lines: []chat.Line{chat.L("pick")},
		Buttons: []chat.Button{{ID: "p", Label: "Use", Verb: "pick", Step: "r:1"}}, Form: &chat.Form{Title: "Pick", Submit: "p", Label: "Use", Fields: []chat.Field{{Name: "pick", Type: chat.FieldMany}}}}, start)
	w.post(chat.Message{Key: "INC-42:card", Kind: "card", Room: "operations", Incident: "INC-42", Lines: []chat.Line{chat.L("card, later")},
		Buttons: []chat.Button{{ID: "b1", Label: "I'm on it", Verb: "own"}}, More: []chat.Button{{ID: "b2", Label: "Resolve", Verb: "resolve"}}}, start.Add(time.Minute))
	_, srv := newServer(t, w.options())
	_, body, _ := call(t, "GET", srv.URL+"/api/v1/incidents/42/messages", "vi-token", "")
	var got struct{ Messages []map[string]any }
	if err := json.Unmarshal([]byte(body), &got); err != nil || len(got.Messages) != 2 {
		t.Fatalf("messages are %s", body)
	}
	card, ask := got.Messages[0], got.Messages[1]
	if card["text"] != "card, later" || card["thread"] != "INC-42" || card["edited_at"] != "2026-03-10T14:09:00Z" || len(card["buttons"].([]any)) != 2 {
		t.Errorf("card is %v", card)
	}
	fields := ask["form"].(map[string]any)["fields"].([]any)
	if fields[0].(map[string]any)["name"] != "pick" || len(ask["fields"].([]any)) != 1 || ask["edited_at"] != nil {
		t.Errorf("question is %v", ask)
	}
	for _, room := range []string{"operations", "status"} {
		_, body, _ := call(t, "GET", srv.URL+"/api/v1/rooms/"+room+"/messages", "vi-token", "")
		if want := map[string]int{"operations": 1, "status": 0}[room]; strings.Count(body, `"key"`) != want || !strings.Contains(body, `"messages":[`) {
			t.Errorf("room %s is %s", room, body)
		}
	}
}

func TestAPressThatSomebodyMadeBefore(t *testing.T) {
	w := newWorld()
	w.on("b", func(chat.Interaction) (chat.Message, error) {
		return chat.Message{}, fault.New(fault.Already, "E22", "Li pressed this at 14:08:02.", "")
	})
	_, srv := newServer(t, w.options())
	status, body, _ := call(t, "POST", srv.URL+"/api/v1/buttons/b", "ana-token", `{"input":{"pick":["4412"],"next":"30m"}}`)
	var got struct{ Reply struct{ Code string } }
	if err := json.Unmarshal([]byte(body), &got); err != nil || status != http.StatusOK || got.Reply.Code != "E22" {
		t.Errorf("got %d %s", status, body)
	}
	if diff := cmp.Diff(map[string]any{"pick": []string{"4412"}, "next": "30m"}, w.heard()[0].Input); diff != "" {
		t.Errorf("input (-want +got):\n%s", diff)
	}
}

func TestACommandWaitsForThePreview(t *testing.T) {
	w := newWorld()
	w.add(checkout(42))
	s, srv := newServer(t, w.options())
	planned := make(chan struct{})
	w.onText = func(in chat.Interaction) (chat.Message, error) {
		w.change(42, func(i *incident.Incident) {
			i.Runs = []incident.Run{{ID: "r1", Playbook: "kill-queries", State: incident.RunGoing}}
		})
		go func() {
			defer close(planned)
			w.change(42, func(i *incident.Incident) {
				i.Runs[0].State, i.Runs[0].At, i.Runs[0].Step = incident.RunWaiting, "1", "s1"
				i.Steps = []incident.Step{{ID: "s1", Run: "r1", State: incident.Previewed, Seq: 5}}
			})
			s.Notify()
		}()
		return reply("INC-42", "started"), nil
	}
	_, body, _ := call(t, "POST", srv.URL+"/api/v1/commands", "ana-token", `{"text":"run kill-queries"}`)
	<-planned
	if !strings.Contains(body, `"step":"s1"`) || !strings.Contains(body, `"incident":"INC-42"`) {
		t.Errorf("answer is %s", body)
	}
}

func TestWhatStandsOnAPress(t *testing.T) {
	asked := map[string]incident.Result{"1": {Asked: "pick", Seq: 8}}
	for name, c := range map[string]struct {
		inc   incident.Incident
		step  string
		ready bool
	}{
		"nothing":      {step: "", ready: true},
		"still looks":  {inc: incident.Incident{Runs: []incident.Run{{ID: "r", State: incident.RunGoing}}}, step: "", ready: false},
		"an act runs":  {inc: incident.Incident{Runs: []incident.Run{{ID: "r", State: incident.RunGoing, Step: "s"}}, Steps: []incident.Step{{ID: "s", State: incident.Starting}}}, step: "s", ready: true},
		"a question":   {inc: incident.Incident{Runs: []incident.Run{{ID: "r", State: incident.RunWaiting, At: "1", Results: asked}}}, step: "r:1", ready: true},
		"an old one":   {inc: incident.Incident{Runs: []incident.Run{{ID: "r", State: incident.RunDone, Results: map[string]incident.Result{"1": {Asked: "pick", Outcome: incident.OutDone}}}}}, step: "r:1", ready: true},
		"of an each":   {inc: incident.Incident{Steps: []incident.Step{{ID: "head", State: incident.Previewed, Seq: 3}, {ID: "child", Parent: "head", State: incident.Previewed, Seq: 4}}}, step: "head", ready: true},
		"the last one": {inc: incident.Incident{Steps: []incident.Step{{ID: "a", State: incident.Expired, Seq: 3}, {ID: "b", State: incident.Succeeded, Seq: 9}}}, step: "b", ready: true},
	} {
		t.Run(name, func(t *testing.T) {
			if step, ready := standing(&c.inc); step != c.step || ready != c.ready {
				t.Errorf("got %q, %t, want %q, %t", step, ready, c.step, c.ready)
			}
		})
	}
}
