package kubernetes

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// keptEvents is how many there are at most; the oldest go first. The real server
// keeps them for an hour.
const keptEvents = 400

// repeatAfter is how long nobody says the same again.
const repeatAfter = 2 * time.Second

// say writes an event about an object. What was said before counts up.
func (c *Cluster) say(about Object, k *kind, level, reason, message string) {
	if c.seeding {
		return // a past without events, as after an hour
	}
	at := now()
	for _, o := range c.store.list(events, about.GetNamespace()) {
		e, _ := o.(*corev1.Event)
		if e.InvolvedObject.UID == about.GetUID() && e.Reason == reason && e.Message == message {
			if at.Sub(e.LastTimestamp.Time) < repeatAfter {
				return
			}
			again := clone(e)
			again.Count++
			again.LastTimestamp = at
			c.store.put(events, again)
			return
		}
	}
	e := &corev1.Event{Reason: reason, Message: message, Type: level, Count: 1, FirstTimestamp: at, LastTimestamp: at}
	e.Name, e.Namespace = about.GetName()+"."+suffix()+suffix(), about.GetNamespace()
	e.InvolvedObject = corev1.ObjectReference{
		Kind: k.kind, APIVersion: k.groupVersion().String(), Namespace: about.GetNamespace(), Name: about.GetName(),
		UID: about.GetUID(), ResourceVersion: about.GetResourceVersion(),
	}
	e.Source.Component = k.singular + "-controller"
	if k == pods {
		e.Source.Component = "kubelet"
	}
	e.ReportingController = e.Source.Component
	c.born(events, e)
	c.forgetEvents()
}

func (c *Cluster) forgetEvents() {
	all := c.store.list(events, "")
	if len(all) <= keptEvents {
		return
	}
	oldest := all[0]
	for _, o := range all {
		e, _ := o.(*corev1.Event)
		was, _ := oldest.(*corev1.Event)
		if e.LastTimestamp.Before(&was.LastTimestamp) {
			oldest = o
		}
	}
	c.store.remove(events, oldest)
}
