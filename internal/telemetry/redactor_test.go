package telemetry_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"

	"mayday/internal/telemetry"
)

const canary = "cAnary/+ü?\"7&x<3"

func encoded(secret string) map[string]string {
	raw := []byte(secret)
	quoted, _ := json.Marshal(secret)
	return map[string]string{
		"raw": secret, "hex": hex.EncodeToString(raw), "HEX": strings.ToUpper(hex.EncodeToString(raw)),
		"base64": base64.StdEncoding.EncodeToString(raw), "base64 raw": base64.RawStdEncoding.EncodeToString(raw),
		"base64 url": base64.URLEncoding.EncodeToString(raw), "base64 raw url": base64.RawURLEncoding.EncodeToString(raw),
		"query": url.QueryEscape(secret), "path": url.PathEscape(secret), "json": string(quoted[1 : len(quoted)-1]),
	}
}

func TestMaskForms(t *testing.T) {
	var r telemetry.Redactor
	if got := r.Mask(canary); got != canary {
		t.Errorf("an empty redactor changed the text to %q", got)
	}
	r.Add(canary)
	r.Add(canary)
	for name, form := range encoded(canary) {
		if got, want := r.Mask("a "+form+" b"), "a [redacted] b"; got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	if got, want := r.Mask("nothing here"), "nothing here"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMaskInsideLongerBase64(t *testing.T) {
	var r telemetry.Redactor
	r.Add("s3cret-pass-word")
	for _, user := range []string{"u", "us", "use", "user"} {
		for _, tail := range []string{"", "x", "xy"} {
			header := base64.StdEncoding.EncodeToString([]byte(user + ":s3cret-pass-word" + tail))
			if got := r.Mask(header); !strings.Contains(got, "[redacted]") || len(got) > len("[redacted]")+len(user)*2+8 {
				t.Errorf("user %q tail %q: got %q", user, tail, got)
			}
		}
	}
}

// What was cut off in its middle tells the secret all the same.
func TestMaskWhatWasCutOff(t *testing.T) {
	var r telemetry.Redactor
	r.Add("s3cret-pass-word")
	header := base64.StdEncoding.EncodeToString([]byte("user:s3cret-pass-word"))
	for text, want := range map[string]string{
		"said s3cret-pass-w…":           "said [redacted]…",
		"said s3cret-pa... (more)":      "said [redacted]... (more)",
		"said s3cret-pass-":             "said s3cret-pass-", // the rest may come with the next piece
		"said s3cret-p… and more":       "said [redacted]… and more",
		"said s3cret-… and more":        "said s3cret-… and more",
		"said s3cret-pass, and nothing": "said s3cret-pass, and nothing",
		"Basic " + header[:22] + "…":    "Basic " + header[:7] + "[redacted]…",
	} {
		if got := r.Mask(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	if got := string(r.Data([]byte(`{"a":"said s3cret-pass-w…"}`))); got != `{"a":"said [redacted]…"}` {
		t.Errorf("in JSON: got %s", got)
	}
}

func TestMaskLimits(t *testing.T) {
	var r telemetry.Redactor
	for _, ignored := range []string{"", "short", "redact", "[redacted]"} {
		r.Add(ignored)
	}
	if got, want := r.Mask("a short [redacted] text"), "a short [redacted] text"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.Add("token-123")
	r.Add("token-123-longer")
	if got, want := r.Mask("token-123-longer token-123"), "[redacted] [redacted]"; got != want {
		t.Errorf("a secret that begins with another: got %q, want %q", got, want)
	}
	r.Add("postgres://app:pa55word-x@db/shop")
	r.Add("host=db password='other-pass' user=app")
	if got, want := r.Mask("auth with pa55word-x and other-pass"), "auth with [redacted] and [redacted]"; got != want {
		t.Errorf("passwords of connection strings: got %q, want %q", got, want)
	}
}

func TestMaskWhileAdding(t *testing.T) {
	var r telemetry.Redactor
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for j := range 25 {
				secret := fmt.Sprintf("secret-%d-%d.", i, j)
				r.Add(secret)
				if got := r.Mask(secret); got != "[redacted]" {
					t.Errorf("got %q", got)
				}
			}
		})
	}
	wg.Wait()
}

type noisy struct {
	Token string
	Inner *noisy
}

type loud string

func (l loud) LogValue() slog.Value { return slog.StringValue("loud " + string(l)) }

// TestLogHoldsNoSecret runs every form of the canary through every kind of
// attribute, in both formats and with secrets that become known late.
func TestLogHoldsNoSecret(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		for name, form := range encoded(canary) {
			t.Run(format+" "+name, func(t *testing.T) {
				var out bytes.Buffer
				tel, err := telemetry.New(telemetry.Options{Format: format, Level: "debug", Out: &out})
				if err != nil {
					t.Fatal(err)
				}
				early := tel.Logger().With("early", form).WithGroup("g").With("err", errors.New(form))
				tel.Redactor().Add(canary)
				logEverywhere(early, form)
				logEverywhere(tel.Logger().With("with", form).WithGroup("in "+form), form)
				text := out.String()
				for _, bad := range encoded(canary) {
					if strings.Contains(text, bad) {
						t.Fatalf("the log holds %q:\n%s", bad, text)
					}
				}
				if !strings.Contains(text, "kept") || strings.Count(text, "\n") != 2 {
					t.Errorf("the rest is gone:\n%s", text)
				}
			})
		}
	}
}

// TestHandlerAloneHoldsNoSecret leaves out the masking writer beneath.
func TestHandlerAloneHoldsNoSecret(t *testing.T) {
	var r telemetry.Redactor
	r.Add(canary)
	var out bytes.Buffer
	for _, next := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		for name, form := range encoded(canary) {
			out.Reset()
			logEverywhere(slog.New(r.Handler(next)).With("with", form).WithGroup(form), form)
			for _, bad := range encoded(canary) {
				if strings.Contains(out.String(), bad) {
					t.Errorf("%s: the log holds %q:\n%s", name, bad, out.String())
				}
			}
		}
	}
}

func logEverywhere(log *slog.Logger, form string) {
	err := fmt.Errorf("dial: %w", errors.New(form))
	log.Error("message "+form, //nolint:sloglint // a message that is not constant is what is tested
		"plain", form, "err", err, "key "+form, 1, "kept", "kept",
		slog.Group("group", "inner", form, slog.Group("deep", "err", err)),
		"bytes", []byte(form), "struct", noisy{Token: form}, "pointer", &noisy{Inner: &noisy{Token: form}},
		"list", []string{form}, "map", map[string]any{"k": form}, "valuer", loud(form), "errs", errors.Join(err, err))
}

func TestHandlerKeepsOrdinaryValues(t *testing.T) {
	var out bytes.Buffer
	var r telemetry.Redactor
	r.Add(canary)
	log := slog.New(r.Handler(slog.NewJSONHandler(&out, nil)))
	log.Info("hello", "n", 3, "list", []int{1, 2}, slog.Group("g", "b", true))
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(got["n"], got["list"], got["g"]) != "3 [1 2] map[b:true]" {
		t.Errorf("got %v", got)
	}
	if log.Enabled(t.Context(), slog.LevelDebug) {
		t.Error("the level of the next handler must count")
	}
}
