package integrations

import (
	"net/http"
	"strings"
	"testing"

	"mayday/internal/config"
	"mayday/internal/fault"
)

func TestBearerTakesEveryTokenInUse(t *testing.T) {
	gone, err := config.Parse("mayday.yaml", []byte("token: env:MAYDAY_NO_SUCH_TOKEN\n"))
	if err != nil {
		t.Fatal(err)
	}
	var unreadable struct {
		Token config.Secret `yaml:"token"`
	}
	if err := gone.Section().Decode(&unreadable); err != nil {
		t.Fatal(err)
	}
	two := config.Secrets{config.NewSecret("first"), config.NewSecret("second")}
	torn := append(config.Secrets{unreadable.Token}, two...)
	tests := []struct {
		name, header string
		tokens       config.Secrets
		want         fault.Kind // "" for let in
	}{
		{"the first", "Bearer first", two, ""},
		{"the second, with spaces", "Bearer  second ", two, ""},
		{"another", "Bearer third", two, fault.Unsigned},
		{"a beginning", "Bearer fir", two, fault.Unsigned},
		{"none", "", two, fault.Unsigned},
		{"empty", "Bearer ", two, fault.Unsigned},
		{"without its word", "first", two, fault.Unsigned},
		{"another scheme", "Basic first", two, fault.Unsigned},
		{"an empty secret opens nothing", "Bearer ", config.Secrets{config.NewSecret("")}, fault.Unsigned},
		{"an empty secret may be any", "Bearer first", config.Secrets{config.NewSecret("")}, fault.Unavailable},
		{"no token in use", "Bearer first", nil, fault.Unsigned},
		{"none can be read", "Bearer first", config.Secrets{unreadable.Token}, fault.Unavailable},
		{"one cannot be read, the first", "Bearer first", torn, ""},
		{"one cannot be read, the second", "Bearer second", torn, ""},
		{"one cannot be read, another", "Bearer third", torn, fault.Unavailable},
		{"one cannot be read, no token given", "", torn, fault.Unsigned},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{}
			if tc.header != "" {
				h.Set("Authorization", tc.header)
			}
			err := Bearer(h, tc.tokens, "the pipeline", "changes.token")
			if tc.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !fault.Is(err, tc.want) {
				t.Fatalf("got %v, want kind %v", err, tc.want)
			}
			if tc.want == fault.Unavailable && !strings.Contains(err.Error(), "A token of the pipeline cannot be read") {
				t.Errorf("the answer does not say why: %v", err)
			}
		})
	}
}
