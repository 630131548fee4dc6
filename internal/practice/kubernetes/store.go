package kubernetes

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
)

// keptChanges is how far back a watch can begin; before that it is "too old".
const keptChanges = 4096

type key struct{ resource, namespace, name string }

// change is an entry of the log that watches read.
type change struct {
	version int64
	kind    *kind
	object  Object // as it is; when deleted, as it was at the end
	before  Object // nil when it is new
	deleted bool
}

// store is what the cluster knows. It is not safe by itself: the cluster's lock
// is held by whoever calls.
type store struct {
	objects   map[key]Object
	version   int64 // of the last change; one counter for everything
	log       []change
	forgotten int64         // the version of the last change that left the log
	changed   chan struct{} // closed by the next change
}

func newStore() *store {
	return &store{objects: map[key]Object{}, version: 1000, forgotten: 1000, changed: make(chan struct{})}
}

func keyOf(k *kind, o metav1.Object) key { return key{k.resource, o.GetNamespace(), o.GetName()} }

func (s *store) get(k *kind, namespace, name string) (Object, bool) {
	o, ok := s.objects[key{k.resource, namespace, name}]
	return o, ok
}

// list is sorted by namespace and name, as the real one is. Namespace "" is all.
func (s *store) list(k *kind, namespace string) []Object {
	var out []Object
	for at, o := range s.objects {
		if at.resource == k.resource && (namespace == "" || at.namespace == namespace) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return out
}

// put keeps an object under a new version. The caller does not change it again.
func (s *store) put(k *kind, o Object) {
	before := s.objects[keyOf(k, o)]
	s.version++
	o.SetResourceVersion(strconv.FormatInt(s.version, 10))
	s.objects[keyOf(k, o)] = o
	s.note(change{version: s.version, kind: k, object: o, before: before})
}

func (s *store) remove(k *kind, o Object) {
	last := clone(o)
	s.version++
	last.SetResourceVersion(strconv.FormatInt(s.version, 10))
	delete(s.objects, keyOf(k, o))
	s.note(change{version: s.version, kind: k, object: last, before: o, deleted: true})
}

func (s *store) note(c change) {
	s.log = append(s.log, c)
	if extra := len(s.log) - keptChanges; extra > 0 {
		s.forgotten = s.log[extra-1].version
		s.log = slices.Clone(s.log[extra:])
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// since are the changes of a kind after a version.
func (s *store) since(version int64, k *kind) []change {
	from, _ := slices.BinarySearchFunc(s.log, version+1, func(c change, v int64) int { return cmp.Compare(c.version, v) })
	var out []change
	for _, c := range s.log[from:] {
		if c.kind == k {
			out = append(out, c)
		}
	}
	return out
}

// seen is the change as somebody sees it who watches through a filter.
func (c change) seen(matches func(Object) bool) (watch.EventType, bool) {
	now := !c.deleted && matches(c.object)
	was := c.before != nil && matches(c.before)
	switch {
	case now && was:
		return watch.Modified, true
	case now:
		return watch.Added, true
	case was:
		return watch.Deleted, true
	}
	return "", false
}

func newUID() types.UID {
	b := random(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80 // a random UUID, RFC 9562 section 5.4
	return types.UID(fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16]))
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails since Go 1.24
	return b
}

// suffix is the random end of a generated name.
func suffix() string { return hex.EncodeToString(random(3))[:5] }
