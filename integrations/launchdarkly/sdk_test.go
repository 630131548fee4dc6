package launchdarkly

import (
	"net"
	"strings"
	"testing"
	"time"

	"mayday/internal/fault"
)

func withSDK(t *testing.T, key string) (*stage, *target) {
	t.Helper()
	st := newStage(t)
	st.parts = st.connect(st.address, "sdk_key: file:"+secretFile(t, key), "stream_url: "+st.address+"/")
	return st, st.parts.Checker.(*target)
}

func TestTheSDKTellsWhenTheFlipArrived(t *testing.T) {
	st, tt := withSDK(t, sdkKey)
	if st.ld.Readers() != 0 || tt.sdk.client != nil {
		t.Error("the SDK runs before the first act")
	}
	for range 3 {
		for _, name := range []string{offName, onName} {
			r := st.do(name, flagArg("theme"))
			contains(t, r.Text, "this Mayday's own SDK saw it after ", " ms")
		}
	}
	if st.ld.Readers() != 1 {
		t.Errorf("%d SDKs read the stream", st.ld.Readers())
	}
	tt.sdk.patience = 50 * time.Millisecond
	st.ld.PauseStream(true)
	contains(t, st.do(offName, flagArg("theme")).Text, "has not seen it yet after 0.05 s")
	st.ld.PauseStream(false)
	tt.close()
	contains(t, st.do(onName, flagArg("theme")).Text, "cannot start")
}

func TestASDKThatCannotConnectStopsNothing(t *testing.T) {
	st, tt := withSDK(t, "not the "+sdkKey)
	tt.sdk.patience = time.Minute // it is not waited for in vain
	contains(t, st.do(offName, flagArg("theme")).Text, "was turned away: look at sdk_key")
	if st.state("theme").On {
		t.Error("the flag is on")
	}
	away, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = away.Close() }()
	st.parts = st.connect(st.address, "sdk_key: file:"+secretFile(t, sdkKey), "stream_url: http://"+away.Addr().String())
	st.parts.Checker.(*target).sdk.patience = 50 * time.Millisecond
	contains(t, st.do(onName, flagArg("theme")).Text, "has not seen it yet")
}

func TestAllEndpointsAreSet(t *testing.T) {
	for stream, want := range map[string][3]string{
		"https://stream.launchdarkly.com":    {"https://stream.launchdarkly.com", "https://sdk.launchdarkly.com", "https://events.launchdarkly.com"},
		"https://stream.eu.launchdarkly.com": {"https://stream.eu.launchdarkly.com", "https://sdk.eu.launchdarkly.com", "https://events.eu.launchdarkly.com"},
		"http://relay:8030":                  {"http://relay:8030", "http://relay:8030", "http://relay:8030"},
	} {
		e := endpoints(stream)
		same(t, want, [3]string{e.Streaming, e.Polling, e.Events})
	}
}

func TestConfigurationIsStrict(t *testing.T) {
	const good = "token: env:A, project: web, environment: production"
	tests := []struct{ section, want string }{
		{"{project: web, environment: production}", "`token` is missing"},
		{"{token: env:A, environment: production}", "`project`"},
		{"{token: env:A, project: web}", "`environment`"},
		{"{token: env:A, project: web/../x, environment: production}", "`project`"},
		{"{" + good + ", api_url: app.launchdarkly.com}", "`api_url`"},
		{"{" + good + ", api_url: \"https://x/?a=b\"}", "`api_url`"},
		{"{" + good + ", api_url: \"https://ld.example\", sdk_key: env:B}", "`stream_url`"},
		{"{" + good + ", sdk_keys: env:B}", "sdk_key"},
	}
	for _, tc := range tests {
		_, err := partsOf(t, nil, "connect:\n  launchdarkly: "+tc.section+"\n")
		if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "mayday.yaml:") {
			t.Errorf("%s: got %v, want %q", tc.section, err, tc.want)
		}
	}
	parts, err := partsOf(t, nil, "connect:\n  launchdarkly: {"+good+", sdk_key: env:B, env: test, api_url: \"https://app.eu.launchdarkly.com/\"}\n")
	if err != nil {
		t.Fatal(err)
	}
	own := parts.Checker.(*target).own
	same(t, []string{"https://app.eu.launchdarkly.com", "https://stream.eu.launchdarkly.com", "test"}, []string{own.APIURL, own.StreamURL, own.Env})
}

func TestWithoutASectionTheActionsRefuse(t *testing.T) {
	parts, err := partsOf(t, nil, "web: {}\n")
	if err != nil || parts.Checker != nil || len(parts.Actions) != 6 {
		t.Fatalf("got %+v, %v", parts, err)
	}
	_, err = parts.Actions[0].Look(t.Context(), flagArg("x"))
	wantRejected(t, err, "E24", "not configured")
	for _, a := range parts.Actions[1:] {
		_, err := a.Plan(t.Context(), flagArg("x"))
		wantRejected(t, err, "E24", "not configured")
	}
}

func TestDoctor(t *testing.T) {
	st := newStage(t)
	findings := func() string {
		var out []string
		for _, f := range st.parts.Checker.Check(t.Context()) {
			grade := map[bool]string{true: "ok ", false: "bad "}[f.OK]
			if f.Warn {
				grade = "warn "
			}
			if !f.OK && f.Fix == "" {
				t.Errorf("%s has no fix", f.Text)
			}
			out = append(out, grade+f.Text)
		}
		return strings.Join(out, "\n")
	}
	contains(t, findings(), "ok token works: mayday", "ok project web, environment production", "ok flags can be read", "ok whether it may flip cannot be asked")
	st.ld.HideDependants(true)
	contains(t, findings(), "warn LaunchDarkly does not tell which flags depend")
	if len(st.patches()) != 0 {
		t.Error("doctor changed something")
	}
	for lines, want := range map[string]string{
		"token: file:" + secretFile(t, sdkKey) + "\n    project: web\n    environment: production": "bad token: LaunchDarkly said no (401",
		"token: env:MAYDAY_TEST_NOT_SET\n    project: web\n    environment: production":            "bad token: I can't reach LaunchDarkly (the token cannot be read)",
		"token: file:" + secretFile(t, token) + "\n    project: web\n    environment: produktion":  "bad project web, environment produktion: LaunchDarkly said no (404",
	} {
		parts, err := partsOf(t, nil, "connect:\n  launchdarkly:\n    api_url: "+st.address+"\n    "+lines+"\n")
		if err != nil {
			t.Fatal(err)
		}
		st.parts = parts
		contains(t, findings(), want)
	}
}
