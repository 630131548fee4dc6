package browsertest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"
)

// errNotInstalled tells what to do; a missing browser never skips a test.
var errNotInstalled = errors.New("Chromium is not installed: `make test` installs it (Debian: apt-get install chromium)") //nolint:staticcheck // a proper name

func executable() (string, error) {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNotInstalled
}

// process is the browser's group of processes and its profile.
type process struct {
	home string
	cmd  *exec.Cmd
}

func (p *process) options(path string) []chromedp.ExecAllocatorOption {
	flag := chromedp.Flag
	return []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path),
		chromedp.UserDataDir(filepath.Join(p.home, "profile")),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		flag("disable-quic", true),
		flag("disable-background-networking", true),
		flag("disable-component-update", true),
		flag("disable-sync", true),
		flag("disable-extensions", true),
		flag("disable-default-apps", true),
		flag("disable-breakpad", true),
		flag("disable-dev-shm-usage", true), // containers give it 64 MB
		// Timers and rendering must not slow down because no window is in front.
		flag("disable-background-timer-throttling", true),
		flag("disable-backgrounding-occluded-windows", true),
		flag("disable-renderer-backgrounding", true),
		flag("force-color-profile", "srgb"),
		flag("password-store", "basic"),
		flag("lang", "en-GB"),
		// Loopback only: no proxy of the machine, and no other name resolves.
		flag("no-proxy-server", true),
		flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"),
		chromedp.WSURLReadTimeout(60 * time.Second), // a cold start on a busy machine
		chromedp.Env("HOME="+p.home, "TMPDIR="+p.home, "XDG_CONFIG_HOME="+p.home, "XDG_CACHE_HOME="+p.home, "LANG=C.UTF-8", "TZ=UTC"),
		chromedp.ModifyCmdFunc(p.adopt),
	}
}

// adopt puts the browser and its helpers in a group that can be ended as one,
// and lets the kernel end it when the test process is killed.
func (p *process) adopt(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.cmd = cmd
}

// clean ends what is left of the group and removes the profile. Helpers may
// still write for a moment after the browser has ended.
func (p *process) clean() error {
	if p.cmd != nil && p.cmd.Process != nil {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // usually gone already
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.Now().Add(10 * time.Second)
	for {
		err := os.RemoveAll(p.home)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("remove browser profile: %w", err)
		}
		<-tick.C
	}
}
