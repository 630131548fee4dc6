package kubernetes

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

// longestWatch ends a watch that named no time, as the real server does.
const longestWatch = 30 * time.Minute

type watchEvent struct {
	Type   watch.EventType `json:"type"`
	Object any             `json:"object"`
}

// watcher is one stream of changes.
type watcher struct {
	c    *Cluster
	one  *call
	pick picker
	at   int64 // the last version that was told
}

// watch streams changes until the reader goes, the time is over, or the cluster
// closes or becomes unreachable.
func (c *Cluster) watch(one *call, pick picker) (int, any, error) {
	w := &watcher{c: c, one: one, pick: pick}
	first, err := w.begin()
	if err != nil {
		return 0, nil, err
	}
	control := http.NewResponseController(one.w)
	one.w.Header().Set("Content-Type", "application/json")
	one.w.WriteHeader(http.StatusOK)
	over := time.NewTimer(watchTime(one))
	defer over.Stop()
	for batch := first; ; {
		if w.tell(batch) != nil || control.Flush() != nil {
			return written, nil, nil
		}
		more, changed, away := w.news()
		if away {
			return 0, nil, errDropped
		}
		if batch = more; len(batch) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-over.C:
			return written, nil, nil
		case <-one.Context().Done():
			return written, nil, nil
		case <-c.done:
			return written, nil, nil
		}
	}
}

func watchTime(one *call) time.Duration {
	seconds, err := strconv.Atoi(one.URL.Query().Get("timeoutSeconds"))
	if err != nil || seconds <= 0 {
		return longestWatch
	}
	return time.Duration(seconds) * time.Second
}

// begin is what the stream opens with: what is there already for who named no
// version, nothing for who named one that is still in the log.
func (w *watcher) begin() ([]watchEvent, error) {
	q := w.one.URL.Query()
	from := q.Get("resourceVersion")
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	initial := q.Get("sendInitialEvents") == "true"
	if initial || from == "" || from == "0" {
		w.at = w.c.store.version
		return w.present(initial), nil
	}
	at, err := strconv.ParseInt(from, 10, 64)
	if err != nil {
		return nil, apierrors.NewBadRequest(fmt.Sprintf("invalid resource version %q", from))
	}
	w.at = at
	if at < w.c.store.forgotten {
		_, status := failure(apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", at, w.c.store.forgotten)))
		return []watchEvent{{Type: watch.Error, Object: status}}, nil
	}
	return nil, nil
}

// present are the objects that are there, and the bookmark that ends them for
// who asked for it.
func (w *watcher) present(bookmark bool) []watchEvent {
	var out []watchEvent
	k := w.one.kind
	for _, o := range w.c.store.list(k, w.one.place()) {
		if w.pick(o) {
			out = append(out, watchEvent{watch.Added, labelled(k, o)})
		}
	}
	if bookmark {
		end := k.empty()
		end.SetResourceVersion(strconv.FormatInt(w.at, 10))
		end.SetAnnotations(map[string]string{metav1.InitialEventsAnnotationKey: "true"})
		out = append(out, watchEvent{watch.Bookmark, labelled(k, end)})
	}
	return out
}

func (w *watcher) news() (out []watchEvent, changed <-chan struct{}, away bool) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	k, place := w.one.kind, w.one.place()
	for _, c := range w.c.store.since(w.at, k) {
		w.at = c.version
		if place != "" && c.object.GetNamespace() != place {
			continue
		}
		if what, ok := c.seen(w.pick); ok {
			out = append(out, watchEvent{what, labelled(k, c.object)})
		}
	}
	return out, w.c.store.changed, w.c.away
}

func (w *watcher) tell(batch []watchEvent) error {
	for _, e := range batch {
		raw, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("write a watch event: %w", err)
		}
		if _, err := w.one.w.Write(append(raw, '\n')); err != nil {
			return fmt.Errorf("send a watch event: %w", err)
		}
	}
	return nil
}
