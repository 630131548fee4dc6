// Package kubernetes is a practice cluster: an API server on loopback that
// answers like a real one, and small controllers that roll out, scale and heal
// pretend pods. Nothing is ever started; a pod is a record that becomes ready
// after a while, or fails when the tag of its image asks for it:
//
//	cart:missing   cannot be pulled (ImagePullBackOff)
//	cart:crash     exits at once (CrashLoopBackOff)
//	cart:unready   runs, but its readiness probe fails
//	cart:slow      takes ten times as long to become ready
//
// The words of its errors are those of the API machinery itself.
//
//	c, err := kubernetes.Start(ctx, kubernetes.Options{Objects: objects})
//	defer c.Close()
//	os.WriteFile(path, c.Kubeconfig(kubernetes.Admin), 0o600) // for the real adapter
//
// What it leaves out: protobuf, server-side apply, custom resources, admission
// beyond what Reject does, and everything inside a pod.
package kubernetes
