package launchdarkly

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/launchdarkly/go-sdk-common/v3/ldcontext"
	"github.com/launchdarkly/go-sdk-common/v3/ldlog"
	ld "github.com/launchdarkly/go-server-sdk/v7"
	"github.com/launchdarkly/go-server-sdk/v7/interfaces"
	"github.com/launchdarkly/go-server-sdk/v7/ldcomponents"

	"mayday/internal/config"
)

// sdk is a server SDK of Mayday's own. It tells when a flip reached an SDK, which
// is true of this one only: a line in a receipt, and never a condition.
type sdk struct {
	key       config.Secret
	endpoints interfaces.ServiceEndpoints
	patience  time.Duration
	transport *ending

	mu     sync.Mutex
	client *ld.LDClient
	closed bool
}

// newSDK connects to nothing: the first act does.
func newSDK(s settings) *sdk {
	return &sdk{key: s.SDKKey, endpoints: endpoints(s.StreamURL), patience: 3 * time.Second, transport: newEnding()}
}

// endpoints are all three, since the SDK asks LaunchDarkly's own address for each
// that is missing. LaunchDarkly's instances differ in the first word of the host;
// others, like a relay, serve all three at one address.
func endpoints(stream string) interfaces.ServiceEndpoints {
	out := interfaces.ServiceEndpoints{Streaming: stream, Polling: stream, Events: stream}
	u, err := url.Parse(stream)
	if err != nil || !strings.HasPrefix(u.Host, "stream.") || !strings.Contains(u.Host, ".launchdarkly.") {
		return out
	}
	out.Polling = strings.Replace(stream, "//stream.", "//sdk.", 1)
	out.Events = strings.Replace(stream, "//stream.", "//events.", 1)
	return out
}

// start makes the client, once. It does not wait: the client connects by itself,
// and goes on trying.
func (s *sdk) start() *ld.LDClient {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil || s.closed {
		return s.client
	}
	key, err := s.key.Reveal()
	if err != nil {
		return nil
	}
	// The SDK waits a minute to log an outage, even after it was closed; not so
	// with zero.
	silent := ldcomponents.Logging().Loggers(ldlog.NewDisabledLoggers()).LogDataSourceOutageAsErrorAfter(0)
	// An error that comes with a client is about the wait, which is none.
	s.client, _ = ld.MakeCustomClient(key, ld.Config{
		ServiceEndpoints: s.endpoints, DiagnosticOptOut: true,
		Events: ldcomponents.NoEvents(), Logging: silent,
		HTTP: ldcomponents.HTTPConfiguration().HTTPClientFactory(s.transport.client),
	}, 0)
	return s.client
}

// saw waits until the SDK has the version, and says how long that took.
func (s *sdk) saw(ctx context.Context, key string, version int, since time.Time) string {
	client := s.start()
	if client == nil {
		return "this Mayday's own SDK cannot start"
	}
	news := client.GetFlagTracker().AddFlagChangeListener()
	defer client.GetFlagTracker().RemoveFlagChangeListener(news)
	end := time.NewTimer(s.patience)
	defer end.Stop()
	// The first connection brings no news of single flags.
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !has(client, key, version) {
		if client.GetDataSourceStatusProvider().GetStatus().State == interfaces.DataSourceStateOff {
			return "this Mayday's own SDK was turned away: look at sdk_key"
		}
		select {
		case <-news:
		case <-again.C:
		case <-end.C:
			return fmt.Sprintf("this Mayday's own SDK has not seen it yet after %g s", s.patience.Seconds())
		case <-ctx.Done():
			return "this Mayday's own SDK has not seen it yet"
		}
	}
	return fmt.Sprintf("this Mayday's own SDK saw it after %d ms", max(1, time.Since(since).Milliseconds()))
}

func has(client *ld.LDClient, key string, version int) bool {
	if !client.Initialized() {
		return false
	}
	// Anonymous, so that it shows up on nobody's dashboard.
	state, ok := client.AllFlagsState(ldcontext.NewBuilder("mayday").Anonymous(true).Build()).GetFlag(key)
	return ok && state.Version >= version
}

func (s *sdk) close() {
	s.mu.Lock()
	client := s.client
	s.client, s.closed = nil, true
	s.mu.Unlock()
	s.transport.end()
	if client != nil {
		_ = client.Close() // it has nothing to deliver
	}
}
