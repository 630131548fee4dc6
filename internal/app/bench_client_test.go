package app

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mayday/internal/practice"
)

// The client of the benchmarks shares two cores with what it measures, so it does
// as little as it can: a request is bytes that stand ready, in which the ids and
// the signature are written anew, and of an answer only the end is looked for.

// Ids of one width, so that they can be changed in place.
const (
	eventMark = "E0000000000000"
	keyMark   = "Q0000000000000"
)

// letter is a whole webhook request: the delivery of an incident that triggered,
// as the practice range writes it.
type letter struct {
	service string
	wire    []byte
	bodyAt  int
	signAt  int
	events  []int
	keys    []int
}

func newLetter(b *testing.B) *letter {
	b.Helper()
	pager, err := practice.NewPagerDuty(practice.Options{Secrets: []string{benchSecret}, Token: "bench-key"})
	if err != nil {
		b.Fatal(err)
	}
	defer pager.Close()
	body, err := pager.Sample("incident.triggered")
	if err != nil {
		b.Fatal(err)
	}
	var sample struct {
		Event struct {
			ID   string
			Data struct {
				Service struct{ ID string }
			}
		}
	}
	if err := json.Unmarshal(body, &sample); err != nil {
		b.Fatal(err)
	}
	body = bytes.ReplaceAll(body, []byte(sample.Event.ID), []byte(eventMark))
	body = bytes.ReplaceAll(body, []byte(practice.SampleIncident), []byte(keyMark))
	head := fmt.Sprintf("POST /hooks/pagerduty HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\nX-PagerDuty-Signature: v1=", len(body))
	l := &letter{service: sample.Event.Data.Service.ID, signAt: len(head)}
	l.wire = append([]byte(head), bytes.Repeat([]byte("0"), 2*sha256.Size)...)
	l.wire = append(l.wire, "\r\n\r\n"...)
	l.bodyAt = len(l.wire)
	l.wire = append(l.wire, body...)
	l.events, l.keys = placesOf(l.wire, eventMark), placesOf(l.wire, keyMark)
	if len(l.events) == 0 || len(l.keys) == 0 {
		b.Fatal("the sample has no ids to change")
	}
	return l
}

func placesOf(text []byte, mark string) []int {
	var at []int
	for from := 0; ; {
		n := bytes.Index(text[from:], []byte(mark))
		if n < 0 {
			return at
		}
		at = append(at, from+n)
		from += n + len(mark)
	}
}

// sender is one connection that is kept alive, with a letter of its own.
type sender struct {
	letter
	conn   net.Conn
	mac    hash.Hash
	answer []byte
}

func dial(address string, l *letter) (*sender, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &sender{letter: *l, conn: conn, mac: hmac.New(sha256.New, []byte(benchSecret)), answer: make([]byte, 4096)}
	s.wire = bytes.Clone(l.wire)
	return s, nil
}

// send delivers letter n and waits for the 202.
func (s *sender) send(n int64) error {
	s.address(n)
	if _, err := s.conn.Write(s.wire); err != nil {
		return err
	}
	got := 0
	for {
		more, err := s.conn.Read(s.answer[got:])
		if err != nil {
			return err
		}
		got += more
		if whole(s.answer[:got]) {
			break
		}
	}
	if !bytes.HasPrefix(s.answer[:got], []byte("HTTP/1.1 202 ")) {
		return fmt.Errorf("the door answered %q", s.answer[:min(got, 30)])
	}
	return nil
}

// address writes the ids of letter n and signs.
func (s *sender) address(n int64) {
	var digits [20]byte
	text := strconv.AppendInt(digits[:0], n, 10)
	for _, marks := range [][]int{s.events, s.keys} {
		for _, m := range marks {
			copy(s.wire[m+len(eventMark)-len(text):], text)
		}
	}
	s.mac.Reset()
	s.mac.Write(s.wire[s.bodyAt:])
	var sum [sha256.Size]byte
	hex.Encode(s.wire[s.signAt:], s.mac.Sum(sum[:0]))
}

// whole reports whether an answer with a Content-Length is complete.
func whole(answer []byte) bool {
	head := bytes.Index(answer, []byte("\r\n\r\n"))
	if head < 0 {
		return false
	}
	_, after, found := bytes.Cut(answer[:head+2], []byte("Content-Length: "))
	if !found {
		return false
	}
	digits, _, _ := bytes.Cut(after, []byte("\r\n"))
	n, err := strconv.Atoi(string(digits))
	return err == nil && len(answer) >= head+4+n
}

// burst is deliveries over some connections. Numbers are taken from a counter
// that outlives it, so that no two letters are the same.
type burst struct {
	address string
	mail    *letter
	next    *atomic.Int64
	conns   int
	most    int64         // stops after so many, if set
	span    time.Duration // stops after so long, if set
	pause   time.Duration // between two letters of all connections, if set
}

// run answers how many were acknowledged and how long it took.
func (u burst) run() (acks int64, took time.Duration, err error) {
	senders := make([]*sender, u.conns)
	for n := range senders {
		if senders[n], err = dial(u.address, u.mail); err != nil {
			return 0, 0, err
		}
		defer func() { _ = senders[n].conn.Close() }()
	}
	var taken, done atomic.Int64
	var failure atomic.Pointer[error]
	var wg sync.WaitGroup
	began := time.Now()
	for _, s := range senders {
		wg.Go(func() {
			for failure.Load() == nil {
				turn := taken.Add(1)
				if (u.most > 0 && turn > u.most) || (u.span > 0 && time.Since(began) > u.span) {
					return
				}
				u.wait(began, turn)
				if err := s.send(u.next.Add(1)); err != nil {
					failure.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if f := failure.Load(); f != nil {
		return done.Load(), time.Since(began), *f
	}
	return done.Load(), time.Since(began), nil
}

// wait keeps to the timetable: what is late is sent at once, as by a source that
// does not care how we are.
func (u burst) wait(began time.Time, turn int64) {
	if u.pause == 0 {
		return
	}
	if left := time.Until(began.Add(time.Duration(turn) * u.pause)); left > 0 {
		timer := time.NewTimer(left)
		defer timer.Stop()
		<-timer.C
	}
}
