package processtest

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mayday/internal/postgrestest"
)

// fleet is several processes on one Postgres. They have nothing else in common.
type fleet struct {
	t      testing.TB
	server *postgrestest.Server
	homes  []*home
}

// durable are the settings of a server that keeps its word after a crash.
var durable = []string{"fsync=on", "synchronous_commit=on", "full_page_writes=on"}

func newFleet(t testing.TB, size int, config string) *fleet {
	t.Helper()
	f := &fleet{t: t, server: postgrestest.Start(t, durable...)}
	address := f.server.SuperuserDSN("postgres")
	for range size {
		h := newHome(t, strings.Replace(config, "store: {path: DATA}", "store: {postgres: env:STORE_ADDRESS}", 1))
		h.env = []string{"STORE_ADDRESS=" + address}
		f.homes = append(f.homes, h)
	}
	for _, h := range f.homes { // together: one of them makes the tables
		h.pid = launch(t, append(h.env, secrets...), binary, "serve", "-c", h.file)
	}
	for _, h := range f.homes {
		h.ready(h.pid)
	}
	return f
}

// TestSoakKillInBurstsOnPostgres is the promise of TestSoakKillInBursts for three
// processes: one of them is killed while 50 deliveries come in at all three, and
// now and then the database itself is stopped as `pg_ctl stop -m immediate` does.
// What was answered 2xx is there, once.
func TestSoakKillInBurstsOnPostgres(t *testing.T) {
	t.Parallel()
	rounds := 9
	if soaking() {
		rounds = 120
	}
	s, random := newSender(t), dice(t)
	f := newFleet(t, 3, tenLines)
	var all, waiting []*letter
	cut := 0
	for round := range rounds {
		fresh := mail(s, round, burst-min(len(waiting), burst-10))
		all = append(all, fresh...)
		victim := f.homes[random.IntN(len(f.homes))]
		strike := func() { victim.pid.kill() }
		crash := round%4 == 2
		if crash {
			strike = func() { f.server.Crash(t) }
		}
		waiting = f.fire(append(waiting, fresh...), strike, random)
		cut += len(waiting)
		if crash {
			f.server.Restart(t)
			continue
		}
		victim.serve()
	}
	t.Logf("%d rounds, %d deliveries, %d cut off", rounds, len(all), cut)
	if cut < rounds || len(all) < rounds*burst/4 {
		t.Errorf("the blows came too late or too early to prove much: %d deliveries, %d cut off", len(all), cut)
	}
	for _, l := range waiting {
		f.insist(l)
	}
	f.homes[0].allThereOnce(t, all)
	for _, h := range f.homes {
		if strings.Contains(h.pid.said(), "panic") {
			t.Errorf("a process said:\n%s", h.pid.said())
		}
	}
}

// fire sends all letters at once, each to one of the processes and some to two,
// strikes after a random number of answers, and answers those that nobody
// answered.
func (f *fleet) fire(letters []*letter, strike func(), random *rand.Rand) (unanswered []*letter) {
	f.t.Helper()
	start, answers := make(chan struct{}), make(chan struct{}, 3*burst)
	var posts sync.WaitGroup
	send := func(h *home, l *letter) {
		posts.Go(func() {
			<-start
			status, err := h.knock(mac(firstSecret, l.body), l.body)
			switch {
			case err == nil && status == http.StatusAccepted:
				l.mu.Lock()
				l.acked = true
				l.mu.Unlock()
				answers <- struct{}{}
			case err == nil && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable:
				f.t.Errorf("a signed delivery was answered %d", status)
			}
		})
	}
	for n, l := range letters {
		first := random.IntN(len(f.homes))
		send(f.homes[first], l)
		if n%5 == 0 {
			send(f.homes[(first+1)%len(f.homes)], l)
		}
	}
	close(start)
	limit := time.After(patience)
	for range random.IntN(len(letters) / 2) {
		select {
		case <-answers:
		case <-limit:
			f.t.Fatal("the deliveries were not answered")
		}
	}
	strike()
	posts.Wait()
	return slices.DeleteFunc(slices.Clone(letters), (*letter).sure)
}

// insist sends a letter until it is taken, as its source does.
func (f *fleet) insist(l *letter) { f.t.Helper(); f.insistAt(f.homes[0], l) }

func (f *fleet) insistAt(h *home, l *letter) {
	f.t.Helper()
	eventually(f.t, patience, func() string {
		status, err := h.knock(mac(firstSecret, l.body), l.body)
		return unless(err == nil && status == http.StatusAccepted, "a signed delivery is answered %d (%v)", status, err)
	})
	l.acked = true
}

// TestADatabaseThatIsAway: without it every process answers 503 and stays; with
// it, all is well again without a restart.
func TestADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	f := newFleet(t, 2, tenLines)
	f.homes[0].deliver(s.sample("incident.triggered", "QBEFORE"))
	f.homes[1].opened("QBEFORE") // whoever did the work
	f.server.Crash(t)
	lost := &letter{key: "QLOST", body: s.sample("incident.triggered", "QLOST")}
	for _, h := range f.homes {
		for range 3 {
			if status, err := h.knock(mac(firstSecret, lost.body), lost.body); err != nil || status != http.StatusServiceUnavailable {
				t.Errorf("a delivery is answered %d (%v), want 503", status, err)
			}
		}
		for path, want := range map[string]int{"/readyz": 503, "/healthz": 200, "/api/v1/incidents": 503, "/api/v1/incidents/INC-1": 503} {
			if status, body, err := h.request(http.MethodGet, path, nil); err != nil || status != want {
				t.Errorf("%s is answered %d (%v), want %d: %.200s", path, status, err, want, body)
			}
		}
		if status, reply := h.post("commands", map[string]string{"text": "note is anybody there", "incident": "INC-1"}); status != 503 || reply.Error.Code != "E26" {
			t.Errorf("a command is answered %d %+v, want 503 and E26", status, reply.Error)
		}
	}
	f.server.Restart(t)
	for _, h := range f.homes {
		eventually(t, 10*time.Second, func() string {
			status, _, err := h.request(http.MethodGet, "/readyz", nil)
			return unless(err == nil && status == http.StatusOK, "/readyz is answered %d (%v)", status, err)
		})
	}
	f.insist(lost)
	f.homes[1].opened("QLOST")
	for _, h := range f.homes {
		h.pid.term()
		if code := h.pid.wait(patience); code != 0 {
			t.Errorf("it ended with %d: %s", code, h.pid.said())
		}
		if n := strings.Count(h.pid.said(), "storage cannot be written"); n < 1 || n > 3 {
			t.Errorf("the log says %d times that storage cannot be written", n)
		}
	}
}

// TestAPausedProcessHarmsNobody: a process is stopped in the middle of a burst,
// wherever it was just then. The other one answers on, and has done all of the
// work within 30 s (P15), that which the paused one had claimed as well. When it
// goes on, nothing is there twice.
func TestAPausedProcessHarmsNobody(t *testing.T) {
	t.Parallel()
	s, random := newSender(t), dice(t)
	f := newFleet(t, 2, tenLines)
	paused, other := f.homes[0], f.homes[1]
	paused.http.Timeout = 2 * time.Second // nobody waits for long for one that hangs
	letters := mail(s, 0, burst)
	for round := range 2 {
		more := mail(s, round+1, burst)
		letters = append(letters, more...)
		next := f.homes
		f.homes = f.homes[:1]
		var began time.Time
		left := f.fire(more, func() {
			pass(t, time.Duration(random.IntN(30))*time.Millisecond)
			paused.signal(syscall.SIGSTOP)
			began = time.Now()
		}, random)
		f.homes = next
		for _, l := range left {
			f.insistAt(other, l)
		}
		other.owners(t, more)
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("the other one needed %s", took)
		}
		t.Logf("round %d: %d of %d were not answered, all was done %s later", round, len(left), len(more), time.Since(began).Round(time.Millisecond))
		paused.signal(syscall.SIGCONT)
	}
	paused.http.Timeout = patience
	for _, l := range letters[:burst] {
		f.insistAt(paused, l)
	}
	other.allThereOnce(t, letters)
}

func (h *home) signal(s syscall.Signal) {
	h.t.Helper()
	if err := h.pid.cmd.Process.Signal(s); err != nil {
		h.t.Fatalf("send %s: %v", s, err)
	}
}

// TestAStormOnThreeProcesses: 3,600 webhooks of 300 keys on 300 services, shuffled,
// some twice, at three processes: 300 incidents, one for each key, each with one
// card. How long the answers took is in the log; a limit that a busy machine
// breaks would prove nothing.
func TestAStormOnThreeProcesses(t *testing.T) {
	t.Parallel()
	const keys, each = 300, 12
	var services strings.Builder
	for n := range keys {
		fmt.Fprintf(&services, "  service-%03d: {pagerduty: PS%03d}\n", n, n)
	}
	config := tenLines[:strings.Index(tenLines, "services:")] + "services:\n" + services.String() + "log: {level: warn}\n"
	s, random := newSender(t), dice(t)
	f := newFleet(t, 3, config)
	letters := storm(s, keys, each)
	random.Shuffle(len(letters), func(a, b int) { letters[a], letters[b] = letters[b], letters[a] })
	began := time.Now()
	took := f.pour(letters, 32)
	slices.Sort(took)
	t.Logf("%d acknowledgements in %s, p50 %s, p99 %s, longest %s", len(took), time.Since(began).Round(time.Millisecond),
		took[len(took)/2].Round(time.Microsecond), took[len(took)*99/100].Round(time.Microsecond), took[len(took)-1].Round(time.Microsecond))
	if longest := took[len(took)-1]; longest > 5*time.Second {
		t.Errorf("an acknowledgement took %s", longest)
	}
	h := f.homes[1]
	eventually(t, 3*patience, func() string {
		_, metrics, err := h.request(http.MethodGet, "/metrics", nil)
		if err != nil {
			return err.Error()
		}
		all := h.incidents()
		return unless(len(all) >= keys && strings.Contains(string(metrics), "mayday_outbox_messages 0"), "%d incidents are open", len(all))
	})
	t.Logf("all was done %s after the first", time.Since(began).Round(time.Millisecond))
	owners := map[string]string{}
	all := h.incidents()
	for _, i := range all {
		if i.Source == nil || owners[i.Source.ID] != "" {
			t.Errorf("%s has a key that another has, or none: %+v", i.ID, i.Source)
			continue
		}
		owners[i.Source.ID] = i.ID
	}
	if len(all) != keys || len(owners) != keys {
		t.Errorf("got %d incidents for %d keys, want %d", len(all), len(owners), keys)
	}
	h.everyIncidentHasItsCard(t)
}

// storm writes so many deliveries for each key: the trigger, three times the same,
// and what else happens to it.
func storm(s *sender, keys, each int) (letters []*letter) {
	kinds := []string{"incident.triggered", "incident.annotated", "incident.acknowledged", "incident.annotated", "incident.priority_updated",
		"incident.annotated", "incident.reassigned", "incident.annotated", "incident.escalated", "incident.annotated"}
	for n := range keys {
		key, service := fmt.Sprintf("QSTORM%03d", n), ref("service", fmt.Sprintf("PS%03d", n), "service")
		for m := range each {
			if m >= len(kinds) {
				letters = append(letters, letters[len(letters)-m]) // the trigger again
				continue
			}
			letters = append(letters, &letter{key: key, body: s.sample(kinds[m], key, set("service", service))})
		}
	}
	return letters
}

// pour delivers everything over so many connections and answers how long each
// answer took. Each has to be taken.
func (f *fleet) pour(letters []*letter, conns int) (took []time.Duration) {
	f.t.Helper()
	next := make(chan *letter)
	var mu sync.Mutex
	var posts sync.WaitGroup
	for n := range conns {
		h := f.homes[n%len(f.homes)]
		posts.Go(func() {
			for l := range next {
				began := time.Now()
				status, err := h.knock(mac(firstSecret, l.body), l.body)
				if err != nil || status != http.StatusAccepted {
					f.t.Errorf("a signed delivery is answered %d (%v)", status, err)
				}
				mu.Lock()
				took = append(took, time.Since(began))
				mu.Unlock()
			}
		})
	}
	for _, l := range letters {
		next <- l
	}
	close(next)
	posts.Wait()
	return took
}
