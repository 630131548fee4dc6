package pagerduty

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/practice"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key    = "pretend-key"
	first  = "first secret"
	second = "second secret"
)

// partsOf makes the integration from the lines below "pagerduty:".
func partsOf(t testing.TB, log *slog.Logger, lines string) (integrations.Parts, error) {
	t.Helper()
	file, err := config.Parse("mayday.yaml", []byte(lines))
	if err != nil {
		t.Fatal(err)
	}
	parts, err := Integration.New(file.Section(Integration.At...), log)
	if err == nil && parts.Close != nil {
		t.Cleanup(parts.Close)
	}
	return parts, err
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// secretFile keeps a secret where a test can rotate it.
func secretFile(t testing.TB, value string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func newDoor(t testing.TB) integrations.Receiver {
	t.Helper()
	parts, err := partsOf(t, quiet(), "pagerduty:\n  webhook_secret: [file:"+secretFile(t, first)+", file:"+secretFile(t, second)+"]\n")
	if err != nil {
		t.Fatal(err)
	}
	return parts.Receiver
}

func newVendor(t testing.TB) (vendor *practice.PagerDuty, address string) {
	t.Helper()
	vendor, err := practice.NewPagerDuty(practice.Options{Secrets: []string{"an older secret", second}, Token: key})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vendor.Close)
	address, err = vendor.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return vendor, address
}

func captured() (*slog.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	return slog.New(slog.NewTextHandler(&out, nil)), &out
}
