package house

import (
	"slices"
	"strings"
)

// vendor says where a module from outside may be imported. An import that no
// row covers fails: a new dependency is a decision.
type vendor struct {
	prefix string
	in     []string // packages, beside tests when tests is set
	tests  bool
	reason string
}

const anywhere = "anywhere"

var vendors = []vendor{
	{prefix: "github.com/jackc/pgx", in: []string{"internal/store", "integrations/postgres", "internal/postgrestest"},
		reason: "one engine of the store, the client for other people's databases, and the server of the tests"},
	{prefix: "modernc.org/sqlite", in: []string{"internal/store"}, reason: "the other engine of the store"},
	{prefix: "github.com/pressly/goose", in: []string{"internal/store"}, reason: "migrations"},
	{prefix: "github.com/prometheus/client_golang", in: []string{"internal/telemetry", "integrations/prometheus"}, tests: true,
		reason: "our own metrics, and the client that reads other people's"},
	{prefix: "github.com/prometheus/client_model", in: []string{"internal/telemetry"}, tests: true, reason: "reads our own metrics back"},
	{prefix: "github.com/prometheus/common", in: []string{"internal/telemetry", "integrations/prometheus", "internal/practice/prometheus"}, tests: true, reason: "types of client_golang's API"},
	{prefix: "github.com/honeycombio/beeline-go", in: []string{"internal/telemetry"}, reason: "archived upstream, to be replaced in one file"},
	{prefix: "github.com/honeycombio/libhoney-go", in: []string{"internal/telemetry"}, reason: "what beeline-go sends with"},
	{prefix: "cel.dev/cel-go", in: []string{"playbooks"}, reason: "verify: and when:"},
	{prefix: "google.golang.org/genproto/googleapis/api/expr", in: []string{"playbooks"}, reason: "types of cel-go's API"},
	{prefix: "github.com/goccy/go-yaml", in: []string{"internal/config", "playbooks"}, tests: true, reason: "the config file, the language, and vendors' descriptions"},
	{prefix: "github.com/alecthomas/kong", in: []string{"internal/cli"}, reason: "the command line"},
	{prefix: "github.com/PagerDuty/go-pagerduty", in: []string{"integrations/pagerduty"}, reason: "its adapter"},
	{prefix: "github.com/bwmarrin/discordgo", in: []string{"bot/discord"}, tests: true, reason: "its adapter, and the client that the practice server is tried with"},
	{prefix: "github.com/slack-go/slack", in: []string{"bot/slack"}, tests: true, reason: "its adapter, and the client that the practice server is tried with"},
	{prefix: "github.com/gorilla/websocket", in: []string{"bot/discord", "bot/slack", "internal/practice/discord", "internal/practice/slack"},
		reason: "the sockets of both chat libraries, and of the servers that stand in for the vendors"},
	{prefix: "github.com/go-analyze/charts", in: []string{"internal/chart"}, reason: "draws pictures of signals"},
	{prefix: "github.com/launchdarkly", in: []string{"integrations/launchdarkly"}, reason: "its adapter"},
	{prefix: "k8s.io/apimachinery", in: []string{"integrations/kubernetes", "internal/practice/kubernetes", "internal/clustertest"}, tests: true,
		reason: "the practice range behaves like a cluster and needs its types"},
	{prefix: "k8s.io/api", in: []string{"integrations/kubernetes", "internal/practice/kubernetes", "internal/clustertest"}, tests: true,
		reason: "what a cluster keeps, for who reads it and for who behaves like one"},
	{prefix: "k8s.io", in: []string{"integrations/kubernetes", "internal/clustertest"}, tests: true,
		reason: "its adapter, and what sets up and looks at the cluster of the tests"},
	{prefix: "github.com/robfig/cron", in: []string{"integrations/kubernetes"}, reason: "reads the schedules of cron jobs as Kubernetes does"},
	{prefix: "gopkg.in/evanphx/json-patch.v4", in: []string{"internal/practice/kubernetes"}, reason: "the patches that a cluster accepts"},
	{prefix: "github.com/prometheus/prometheus", in: []string{"internal/practice/prometheus"}, reason: "the real engine answers the queries of the practice range"},
	{prefix: "github.com/rabbitmq/amqp091-go", in: []string{"integrations/rabbitmq"}, reason: "its adapter"},
	{prefix: "github.com/twmb/franz-go", in: []string{"integrations/kafka"}, reason: "its adapter"},
	{prefix: "github.com/nats-io", in: []string{"integrations/nats"}, reason: "its adapter"},
	{prefix: "github.com/redis/go-redis", in: []string{"integrations/redis"}, reason: "its adapter"},
	{prefix: "github.com/coreos/go-oidc", in: []string{"bot/web"}, reason: "sign-in by a provider"},
	{prefix: "github.com/chromedp", in: []string{"internal/browsertest"}, tests: true, reason: "drives the browser of the tests"},
	{prefix: "github.com/getkin/kin-openapi", tests: true, reason: "holds answers against vendors' contracts"},
	{prefix: "github.com/santhosh-tekuri/jsonschema", tests: true, reason: "holds playbooks against the schema that editors get"},
	{prefix: "github.com/google/go-cmp", tests: true, reason: "got and want"},
	{prefix: "github.com/rogpeppe/go-internal", tests: true, reason: "acceptance tests as scripts"},
	{prefix: "pgregory.net/rapid", tests: true, reason: "property tests"},
	{prefix: "go.uber.org/goleak", tests: true, reason: "every goroutine has an owner that waits"},
	{prefix: "golang.org/x", in: []string{anywhere}, reason: "the standard library's annex"},
}

// vendorOf picks the row with the longest prefix.
func vendorOf(importPath string) (vendor, bool) {
	var best vendor
	for _, v := range vendors {
		if within(importPath, v.prefix) && len(v.prefix) > len(best.prefix) {
			best = v
		}
	}
	return best, best.prefix != ""
}

func (v vendor) allows(f *file) bool {
	return slices.Contains(v.in, anywhere) || slices.Contains(v.in, f.pkg) || v.tests && f.test
}

func checkVendors(m *module) []violation {
	var found []violation
	for _, f := range m.files {
		for _, i := range m.imports(f) {
			if !i.vendor() {
				continue
			}
			v, known := vendorOf(i.path)
			if !known {
				found = append(found, violation{path: f.path, line: i.line, what: i.path, message: "imports " + i.path + ", a dependency without a row in the vendor table"})
				continue
			}
			if !v.allows(f) {
				found = append(found, violation{path: f.path, line: i.line, what: i.path, message: "must not import " + i.path + "; only " + v.places() + " may"})
			}
		}
	}
	return found
}

func (v vendor) places() string {
	places := slices.Clone(v.in)
	if v.tests {
		places = append(places, "tests")
	}
	return strings.Join(places, ", ")
}
