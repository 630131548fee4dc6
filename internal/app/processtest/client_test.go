package processtest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client is a program that uses the JSON API and posts to the door.
type client struct {
	t     testing.TB
	http  *http.Client
	url   string
	token string
	as    string // Mayday-As
}

func newClient(t testing.TB) *client {
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	return &client{t: t, http: &http.Client{Transport: transport, Timeout: 20 * time.Second}}
}

// What the API answers, as far as the tests look.
type (
	incidentJSON struct {
		ID, Title, Service, Severity, State string
		Owner                               *string
		DeclaredAt                          *time.Time `json:"declared_at"`
		ResolvedAt                          *time.Time `json:"resolved_at"`
		NextUpdateDue                       *time.Time `json:"next_update_due"`
		Alerts                              int
		MergedInto                          *string `json:"merged_into"`
		Source                              *struct{ Kind, ID, URL string }
	}
	entryJSON struct {
		Seq               int64
		Kind, Actor, Text string
		Refs              []string
	}
	messageJSON struct {
		Key, Kind, Text string
		Mentions        []struct{ Name string }
		Lines           [][]struct{ Kind, Text, URL string }
		Buttons         []struct{ ID, Label, Verb string }
		Form            *struct{ Submit string }
		Code            string
	}
	quarantineJSON struct {
		ID             int64
		EventID        string `json:"event_id"`
		Source, Reason string
	}
	replyJSON struct {
		Reply    messageJSON
		Incident *string
		Step     *string
		Error    *struct{ Code, Message string }
	}
)

// request makes one request with the token.
func (c *client) request(method, path string, body []byte) (int, []byte, error) {
	req, err := http.NewRequest(method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if c.as != "" {
		req.Header.Set("Mayday-As", c.as)
	}
	return answer(c.http.Do(req))
}

func answer(resp *http.Response, err error) (int, []byte, error) {
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// get reads a path of the API, which must answer 200.
func (c *client) get(path string, into any) {
	c.t.Helper()
	if err := c.try(path, into); err != "" {
		c.t.Fatal(err)
	}
}

// try is get for times at which the server may be gone.
func (c *client) try(path string, into any) (trouble string) {
	status, body, err := c.request(http.MethodGet, "/api/v1/"+path, nil)
	switch {
	case err != nil:
		return missing("GET %s: %v", path, err)
	case status != http.StatusOK:
		return missing("GET %s answers %d: %s", path, status, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		return missing("GET %s answers no JSON that fits: %v: %s", path, err, body)
	}
	return ""
}

func (c *client) post(path string, body any) (int, replyJSON) {
	c.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		c.t.Fatalf("write request: %v", err)
	}
	status, got, err := c.request(http.MethodPost, "/api/v1/"+path, raw)
	if err != nil {
		c.t.Fatalf("POST %s: %v", path, err)
	}
	var reply replyJSON
	if err := json.Unmarshal(got, &reply); err != nil {
		c.t.Fatalf("POST %s answers %d and no JSON: %v: %s", path, status, err, got)
	}
	return status, reply
}

// say types a command, which must be taken.
func (c *client) say(id, words string) replyJSON {
	c.t.Helper()
	body := map[string]string{"text": words}
	if id != "" {
		body["incident"] = id
	}
	status, reply := c.post("commands", body)
	if status != http.StatusOK || reply.Reply.Code != "" {
		c.t.Fatalf("%q is answered %d: %+v", words, status, reply)
	}
	return reply
}

func (c *client) incident(id string) (i incidentJSON) {
	c.t.Helper()
	c.get("incidents/"+id, &i)
	return i
}

// incidents reads all pages, newest first.
func (c *client) incidents() (all []incidentJSON) {
	c.t.Helper()
	cursor := ""
	for {
		var page struct {
			Incidents []incidentJSON
			Next      *string
		}
		c.get("incidents?state=all&limit=200&cursor="+cursor, &page)
		all = append(all, page.Incidents...)
		if page.Next == nil {
			return all
		}
		cursor = *page.Next
	}
}

func (c *client) timeline(id string) []entryJSON {
	c.t.Helper()
	var t struct{ Entries []entryJSON }
	c.get("incidents/"+id+"/timeline?after=0", &t)
	return t.Entries
}

func (c *client) messages(id string) []messageJSON {
	c.t.Helper()
	var m struct{ Messages []messageJSON }
	c.get("incidents/"+id+"/messages", &m)
	return m.Messages
}

func (c *client) quarantine() []quarantineJSON {
	c.t.Helper()
	var q struct{ Quarantine []quarantineJSON }
	c.get("quarantine", &q)
	return q.Quarantine
}

// byKey finds the incident that a key of the source opened.
func (c *client) byKey(key string) *incidentJSON {
	c.t.Helper()
	for _, i := range c.incidents() {
		if i.Source != nil && i.Source.ID == key {
			return &i
		}
	}
	return nil
}

// opened waits for the incident of a key.
func (c *client) opened(key string) (found incidentJSON) {
	c.t.Helper()
	eventually(c.t, patience, func() string {
		i := c.byKey(key)
		if i == nil {
			return missing("nothing was opened for %s", key)
		}
		found = *i
		return ""
	})
	return found
}

func texts(entries []entryJSON) string {
	var all []string
	for _, e := range entries {
		all = append(all, e.Kind+": "+e.Actor+": "+e.Text)
	}
	return strings.Join(all, "\n")
}
