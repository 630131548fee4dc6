package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"mayday/internal/incident"
)

const (
	heartbeat  = 15 * time.Second
	feedRound  = 2 * time.Second // in case nobody notifies
	feedPage   = 500
	writeGrace = 10 * time.Second
)

// apiEvents streams changes as they are committed. A reader that comes back with
// the last id it saw misses nothing.
func (s *Server) apiEvents(w http.ResponseWriter, r *http.Request, v visitor) error {
	since, err := s.since(r)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies must not hold it back
	w.WriteHeader(http.StatusOK)
	st := &stream{w: w, control: http.NewResponseController(w)}
	if err := st.say(": hello\nretry: 1000\n\n"); err != nil {
		return nil //nolint:nilerr // the reader is gone; there is nobody to tell
	}
	s.flow(r.Context(), st, since, func() bool { return s.remains(r, v) })
	return nil
}

// remains reports whether somebody who is reading may still read: a stream must
// not outlive its session or token.
func (s *Server) remains(r *http.Request, v visitor) bool {
	if v.cookie != "" && !v.proxy {
		return s.sessions.alive(v.cookie)
	}
	_, err := s.visitor(r)
	return err == nil
}

// since is where the reader stands: what its browser remembers, what it asks
// for, else now.
func (s *Server) since(r *http.Request) (int64, error) {
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		return number(id, "Last-Event-ID")
	}
	if q := r.URL.Query().Get("since"); q != "" {
		return number(q, "since")
	}
	return s.tail.last(r.Context(), s.o.Reader.Feed)
}

// flow writes until the reader goes, may not read any more, or the server stops.
func (s *Server) flow(ctx context.Context, st *stream, since int64, remains func() bool) {
	beat, round := time.NewTicker(heartbeat), time.NewTicker(feedRound)
	defer beat.Stop()
	defer round.Stop()
	for {
		news := s.news()
		rows, err := s.o.Reader.Feed(ctx, since, feedPage)
		if err != nil && ctx.Err() == nil {
			s.o.Log.Warn("feed cannot be read", "err", err)
		}
		if err := st.rows(rows); err != nil {
			return
		}
		if len(rows) > 0 {
			since = rows[len(rows)-1].ID
		}
		if len(rows) == feedPage {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-s.done:
			return
		case <-news:
		case <-round.C:
			if !remains() {
				return
			}
		case <-beat.C:
			if err := st.say(": still here\n\n"); err != nil {
				return
			}
		}
	}
}

// stream writes server-sent events.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

func (s *stream) rows(rows []incident.FeedRow) error {
	if len(rows) == 0 {
		return nil
	}
	var out []byte
	for _, row := range rows {
		row.At = row.At.UTC()
		data, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("write event: %w", err)
		}
		out = fmt.Appendf(out, "id: %d\nevent: %s\ndata: %s\n\n", row.ID, row.Kind, data)
	}
	return s.say(string(out))
}

// say writes and flushes, with a deadline of its own: a stream outlives any that
// the server has, and a reader that does not read must not hold us.
func (s *stream) say(words string) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeGrace)) // tests may have no connection
	if _, err := s.w.Write([]byte(words)); err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("send event: %w", err)
	}
	return nil
}

// tail knows the newest id of the feed without reading it from the start each
// time.
type tail struct {
	mu   sync.Mutex
	seen int64
}

func (t *tail) last(ctx context.Context, feed func(context.Context, int64, int) ([]incident.FeedRow, error)) (int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		rows, err := feed(ctx, t.seen, feedPage)
		if err != nil {
			return t.seen, err
		}
		if len(rows) == 0 {
			return t.seen, nil
		}
		t.seen = rows[len(rows)-1].ID
	}
}
