package nodes

import (
	"context"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	coreinformers "k8s.io/client-go/informers/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// queue hands out pods that may need work, never the same one twice at a time.
// The key is namespace/name.
type queue struct {
	workqueue.TypedRateLimitingInterface[string]
}

func newQueue(pods coreinformers.PodInformer, concerns func(*corev1.Pod) bool) queue {
	q := queue{workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[string]())}
	add := func(object any) {
		if gone, ok := object.(cache.DeletedFinalStateUnknown); ok {
			object = gone.Obj
		}
		if pod, ok := object.(*corev1.Pod); ok && concerns(pod) {
			q.Add(pod.Namespace + "/" + pod.Name)
		}
	}
	// The informer has not started, the one case in which this can fail.
	_, _ = pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: add, UpdateFunc: func(_, now any) { add(now) }, DeleteFunc: add,
	})
	return q
}

// work calls look for each key until ctx ends. It says when it wants to see
// the key again, 0 for not before something changes.
func (q queue) work(ctx context.Context, workers int, look func(context.Context, string) (time.Duration, error)) {
	context.AfterFunc(ctx, q.ShutDown)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				key, closed := q.Get()
				if closed {
					return
				}
				q.one(ctx, key, look)
			}
		})
	}
	all.Wait()
}

func (q queue) one(ctx context.Context, key string, look func(context.Context, string) (time.Duration, error)) {
	defer q.Done(key)
	again, err := look(ctx, key)
	if err != nil {
		report(ctx, "pod", key, err)
		q.AddRateLimited(key)
		return
	}
	q.Forget(key)
	if again > 0 {
		q.AddAfter(key, again)
	}
}

func report(ctx context.Context, kind, name string, err error) {
	if !expected(ctx, err) {
		klog.ErrorS(err, "Look after an object", "kind", kind, "name", name)
	}
}
