package integrations

import (
	"net/http"
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
	two := config.Secrets{unreadable.Token, config.NewSecret("first"), config.NewSecret("second")}
	tests := []struct {
		name, header string
		tokens       config.Secrets
		ok           bool
	}{
		{"the first", "Bearer first", two, true},
		{"the second, with spaces", "Bearer  second ", two, true},
		{"another", "Bearer third", two, false},
		{"a beginning", "Bearer fir", two, false},
		{"none", "", two, false},
		{"empty", "Bearer ", two, false},
		{"without its word", "first", two, false},
		{"another scheme", "Basic first", two, false},
		{"an empty secret opens nothing", "Bearer ", config.Secrets{config.NewSecret("")}, false},
		{"no token in use", "Bearer first", nil, false},
		{"none can be read", "Bearer first", config.Secrets{unreadable.Token}, false},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			h := http.Header{}
			if tc.header != "" {
				h.Set("Authorization", tc.header)
			}
			err := Bearer(h, tc.tokens, "the pipeline", "changes.token")
			if tc.ok != (err == nil) {
				t.Fatalf("got %v, want ok %v", err, tc.ok)
			}
			if err != nil && fault.Of(err).Kind != fault.Unsigned {
				t.Errorf("got kind %v, want unsigned", fault.Of(err).Kind)
			}
		})
	}
}
