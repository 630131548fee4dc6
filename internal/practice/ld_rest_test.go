package practice

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	ldToken    = "pretend-token"
	ldSDKKey   = "pretend-sdk-key"
	ldSemantic = "application/json; domain-model=launchdarkly.semanticpatch"
	turnOff    = `{"environmentKey":"production","comment":"why","instructions":[{"kind":"turnFlagOff"}]}`
	cart       = "/api/v2/flags/web/new-cart"
)

func newLD(t *testing.T) *LaunchDarkly {
	t.Helper()
	l, err := NewLaunchDarkly(LDOptions{Token: ldToken, SDKKey: ldSDKKey})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// askLD calls as a good client does, unless headers say otherwise; a header with
// the value "-" is left out.
func askLD(l *LaunchDarkly, method, path, body string, headers map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	h := map[string]string{"Authorization": ldToken, "LD-API-Version": "20240415"}
	if body != "" {
		h["Content-Type"] = "application/json"
	}
	if method == http.MethodPatch {
		h["Content-Type"] = ldSemantic
	}
	for k, v := range headers {
		h[k] = v
	}
	for k, v := range h {
		if v != "-" {
			r.Header.Set(k, v)
		}
	}
	w := httptest.NewRecorder()
	l.ServeHTTP(w, r)
	return w
}

func ldBody(t *testing.T, w *httptest.ResponseRecorder) object {
	t.Helper()
	var out object
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		t.Fatalf("read %s: %v", w.Body, err)
	}
	return out
}

func TestLDIsAsStrictAsTheVendor(t *testing.T) {
	serve := func(parameters string) string {
		return `{"environmentKey":"production","instructions":[{"kind":"updateFallthroughVariationOrRollout",` + parameters + `}]}`
	}
	const v0, v1 = `"new-cart-variation-0"`, `"new-cart-variation-1"`
	beta := map[string]string{"LD-API-Version": "beta"}
	tests := []struct {
		name, method, path, body string
		headers                  map[string]string
		status                   int
		says                     string
	}{
		{"no token", "GET", cart, "", map[string]string{"Authorization": "-"}, 401, "unauthorized"},
		{"Bearer", "GET", cart, "", map[string]string{"Authorization": "Bearer " + ldToken}, 401, "unauthorized"},
		{"an SDK key", "GET", cart, "", map[string]string{"Authorization": ldSDKKey}, 401, "unauthorized"},
		{"a version that does not exist", "GET", cart, "", map[string]string{"LD-API-Version": "20991231"}, 400, "API version"},
		{"no such flag", "GET", cart + "s", "", nil, 404, "not_found"},
		{"no such project", "GET", "/api/v2/flags/shop/new-cart", "", nil, 404, "not_found"},
		{"no such path", "GET", "/api/v2/segments/web", "", nil, 404, "not_found"},
		{"another method", "DELETE", cart, "", nil, 404, "not_found"},
		{"a JSON patch", "PATCH", cart, turnOff, map[string]string{"Content-Type": "application/json"}, 400, "jsonpatch"},
		{"text", "PATCH", cart, turnOff, map[string]string{"Content-Type": "text/plain"}, 400, "Content-Type"},
		{"no content type", "PATCH", cart, turnOff, map[string]string{"Content-Type": "-"}, 400, "Content-Type"},
		{"no environment", "PATCH", cart, `{"instructions":[{"kind":"turnFlagOff"}]}`, nil, 400, "environmentKey"},
		{"no instructions", "PATCH", cart, `{"environmentKey":"production","instructions":[]}`, nil, 400, "instructions"},
		{"unknown kind", "PATCH", cart, `{"environmentKey":"production","instructions":[{"kind":"turnFlagof"}]}`, nil, 400, "turnFlagof"},
		{"unknown field", "PATCH", cart, `{"environment":"production"}`, nil, 400, "environment"},
		{"parameters too many", "PATCH", cart, `{"environmentKey":"production","instructions":[{"kind":"turnFlagOff","variationId":` + v0 + `}]}`, nil, 400, "no parameters"},
		{"neither", "PATCH", cart, serve(`"rolloutContextKind":"user"`), nil, 400, "one of"},
		{"both", "PATCH", cart, serve(`"variationId":` + v0 + `,"rolloutWeights":{` + v0 + `:100000}`), nil, 400, "one of"},
		{"foreign variation", "PATCH", cart, serve(`"variationId":"theme-variation-0"`), nil, 400, "not a variation"},
		{"bucket of a variation", "PATCH", cart, serve(`"variationId":` + v0 + `,"rolloutBucketBy":"email"`), nil, 400, "variationId"},
		{"too little", "PATCH", cart, serve(`"rolloutWeights":{` + v0 + `:60000,` + v1 + `:39999}`), nil, 400, "99999"},
		{"negative", "PATCH", cart, serve(`"rolloutWeights":{` + v0 + `:-1,` + v1 + `:100001}`), nil, 400, "negative"},
		{"half of it is wrong", "PATCH", cart, `{"environmentKey":"production","instructions":[{"kind":"turnFlagOff"},{"kind":"x"}]}`, nil, 400, "not known"},
		{"a query that is not practised", "PATCH", cart + "?dryRun=true", turnOff, nil, 400, "dryRun"},
		{"dependants without beta", "GET", "/api/v2/flags/web/production/new-cart/dependent-flags", "", nil, 403, "beta"},
		{"dependants", "GET", "/api/v2/flags/web/production/new-cart/dependent-flags", "", beta, 200, "checkout-v2"},
		{"too long a log", "GET", "/api/v2/auditlog?limit=21", "", nil, 400, "limit"},
		{"an approval without a description", "POST", "/api/v2/projects/web/flags/theme/environments/production/approval-requests", `{"instructions":[{"kind":"turnFlagOff"}]}`, nil, 400, "description"},
	}
	l := newLD(t)
	before, err := l.State("new-cart", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := askLD(l, tc.method, tc.path, tc.body, tc.headers)
			if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.says) {
				t.Errorf("got %d %s, want %d %q", w.Code, w.Body, tc.status, tc.says)
			}
		})
	}
	if after, _ := l.State("new-cart", ""); after.Version != before.Version || l.Applied() != 0 {
		t.Errorf("something changed: %+v", after)
	}
}

func TestLDEnvironmentsAreApart(t *testing.T) {
	l := newLD(t)
	if w := askLD(l, "PATCH", cart, turnOff, nil); w.Code != http.StatusOK {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	prod, _ := l.State("new-cart", "production")
	test, _ := l.State("new-cart", "test")
	if prod.On || prod.Version != 2 || !test.On || test.Version != 1 {
		t.Errorf("got %+v and %+v", prod, test)
	}
	only := ldBody(t, askLD(l, "GET", cart+"?env=test", "", nil))["environments"].(object)
	all := ldBody(t, askLD(l, "GET", cart, "", nil))["environments"].(object)
	if len(only) != 1 || only["test"] == nil || len(all) != 2 {
		t.Errorf("got %v and %v", only, all)
	}
	list := func(query string, headers map[string]string) object {
		return ldBody(t, askLD(l, "GET", "/api/v2/flags/web"+query, "", headers))["items"].([]any)[0].(object)
	}
	if list("", nil)["environments"] != nil || list("?env=test", nil)["environments"] == nil || list("", map[string]string{"LD-API-Version": "-"})["environments"] == nil {
		t.Error("the list has environments when nobody asked, or has not when somebody did")
	}
	for n := range 30 {
		l.flags = append(l.flags, l.newFlag("more-"+strconv.Itoa(n), "More", []any{true, false}, 1, ldServe{}))
	}
	page := ldBody(t, askLD(l, "GET", "/api/v2/flags/web", "", nil))
	last := ldBody(t, askLD(l, "GET", "/api/v2/flags/web?offset=20", "", nil))
	if len(page["items"].([]any)) != 20 || page["totalCount"] != float64(34) || len(last["items"].([]any)) != 14 {
		t.Errorf("the list is not cut into pages of twenty: %v", page["totalCount"])
	}
}

func TestLDKeepsAnAuditLog(t *testing.T) {
	l := newLD(t)
	if err := l.SetBy("Li", "new-cart", LDChange{Weights: map[string]int{"true": 60000, "false": 40000}, Comment: "slowly"}); err != nil {
		t.Fatal(err)
	}
	askLD(l, "PATCH", cart, turnOff, nil)
	askLD(l, "PATCH", cart, turnOff, nil) // it is off already: no trace
	if err := l.SetBy("Sam", "theme", LDChange{Serve: "light"}); err != nil {
		t.Fatal(err)
	}
	items := ldBody(t, askLD(l, "GET", "/api/v2/auditlog?spec=proj/web:env/production:flag/new-cart", "", nil))["items"].([]any)
	if len(items) != 2 {
		t.Fatalf("got %v", items)
	}
	newest, older := items[0].(object), items[1].(object)
	if newest["comment"] != "why" || newest["token"] == nil || older["comment"] != "slowly" || older["member"].(object)["firstName"] != "Li" {
		t.Errorf("got %v", items)
	}
	one := ldBody(t, askLD(l, "GET", "/api/v2/auditlog/"+newest["_id"].(string), "", nil))
	on := func(key string) any {
		return one[key].(object)["environments"].(object)["production"].(object)["on"]
	}
	if on("previousVersion") != true || on("currentVersion") != false {
		t.Errorf("got %v", one)
	}
	if all := ldBody(t, askLD(l, "GET", "/api/v2/auditlog?spec=proj/web:env/production:flag/*&limit=1", "", nil))["items"].([]any); len(all) != 1 || all[0].(object)["name"] != "Theme of the shop" {
		t.Errorf("got %v", all)
	}
}

func TestLDRefusesWhenTold(t *testing.T) {
	tests := []struct {
		name   string
		set    func(l *LaunchDarkly)
		status int
	}{
		{"approval", func(l *LaunchDarkly) { l.RequireApproval("production", true) }, 405},
		{"pending", func(l *LaunchDarkly) { _ = l.Pending("new-cart", true) }, 400},
		{"conflict", func(l *LaunchDarkly) { l.Answer(409) }, 409},
		{"broken", func(l *LaunchDarkly) { l.Answer(500) }, 500},
		{"no right", func(l *LaunchDarkly) { l.Deny("updateOn") }, 403},
		{"another right", func(l *LaunchDarkly) { l.Deny("updateFallthrough") }, 200},
		{"approval elsewhere", func(l *LaunchDarkly) { l.RequireApproval("test", true) }, 200},
		{"limit", func(l *LaunchDarkly) { l.Limit(0, time.Minute) }, 429},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			l := newLD(t)
			tc.set(l)
			w := askLD(l, "PATCH", cart, turnOff, nil)
			if w.Code != tc.status {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			j := l.Journal()
			if len(j) != 1 || j[0].Status != tc.status || j[0].Applied != (tc.status == 200) {
				t.Errorf("journal %+v", j)
			}
		})
	}
}

func TestLDLimits(t *testing.T) {
	l := newLD(t)
	l.Limit(1, time.Minute)
	first, second := askLD(l, "GET", cart, "", nil), askLD(l, "GET", cart, "", nil)
	if first.Code != 200 || second.Code != 429 || first.Header().Get("X-Ratelimit-Route-Remaining") != "0" || first.Header().Get("X-Ratelimit-Global-Remaining") == "" {
		t.Errorf("got %d %v and %d", first.Code, first.Header(), second.Code)
	}
	ms, err := strconv.ParseInt(second.Header().Get("X-Ratelimit-Reset"), 10, 64)
	if wait := time.Until(time.UnixMilli(ms)); err != nil || wait <= 0 || wait > time.Minute {
		t.Errorf("reset %v", second.Header())
	}
	free := newLD(t)
	for range 3 {
		if w := askLD(free, "GET", cart, "", nil); w.Code != 200 || w.Header().Get("X-Ratelimit-Reset") == "" {
			t.Errorf("got %d %v", w.Code, w.Header())
		}
	}
}

func TestLDParallelEditsConflict(t *testing.T) {
	l := newLD(t)
	held := l.Hold(LDBeforeApply)
	done := make(chan int)
	go func() { done <- askLD(l, "PATCH", cart, turnOff, nil).Code }()
	<-held.Reached()
	if w := askLD(l, "PATCH", cart, turnOff, nil); w.Code != 409 {
		t.Errorf("got %d", w.Code)
	}
	if w := askLD(l, "PATCH", "/api/v2/flags/web/theme", turnOff, nil); w.Code != 200 {
		t.Errorf("another flag: got %d", w.Code)
	}
	held.Release()
	held.Release()
	if code := <-done; code != 200 {
		t.Errorf("got %d", code)
	}
	if l.Applied() != 2 {
		t.Errorf("applied %d", l.Applied())
	}
}
