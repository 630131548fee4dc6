package practice

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// FuzzPatch: whatever a client sends as a semantic patch is answered as the vendor
// does, with a success or a refusal in the 400s.
func FuzzPatch(f *testing.F) {
	for _, s := range []string{"", "{}", "[]", "null", `{"environmentKey":"production","instructions":[]}`, `{"environmentKey":"production","instructions":[{"kind":"turnFlagOff"}]}`, `{"environmentKey":"test","instructions":[{"kind":"explode"}]}`,
		`{"instructions":[{"kind":"updateFallthroughVariationOrRollout","rolloutWeights":{"x":-1}}]}`, `{"environmentKey":7}`, `{"environmentKey":"production","instructions":[null]}`} {
		f.Add(s)
	}
	l, err := NewLaunchDarkly(LDOptions{Token: ldToken, SDKKey: ldSDKKey})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(l.Close)
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPatch, "/api/v2/flags/web/checkout-v2", strings.NewReader(body))
		r.Header.Set("Authorization", ldToken)
		r.Header.Set("Content-Type", "application/json; domain-model=launchdarkly.semanticpatch")
		w := httptest.NewRecorder()
		l.ServeHTTP(w, r)
		if w.Code != http.StatusOK && (w.Code < 400 || w.Code > 499) {
			t.Errorf("%q is answered %d %s", body, w.Code, w.Body)
		}
	})
}
