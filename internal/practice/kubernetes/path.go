package kubernetes

import (
	"net/http"
	"strings"
)

// version is the API version in a path: "v1" in /api/v1/pods.
func version(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if parts[0] == "api" && len(parts) > 1 {
		return parts[1]
	}
	if parts[0] == "apis" && len(parts) > 2 {
		return parts[2]
	}
	return ""
}

// parsePath reads what a request wants out of its path and method.
func parsePath(r *http.Request) (attempt, bool) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	var a attempt
	switch {
	case parts[0] == "api" && len(parts) > 2:
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3:
		a.group, parts = parts[1], parts[3:]
	default:
		return a, false
	}
	if parts[0] == "namespaces" && len(parts) > 1 {
		a.namespace = parts[1]
		// A namespace itself is a thing of the cluster that lies in itself.
		if len(parts) > 2 && parts[2] != statusPart {
			parts = parts[2:]
		}
	}
	a.resource = parts[0]
	if len(parts) > 1 {
		a.name = parts[1]
	}
	if len(parts) > 2 {
		a.sub = parts[2]
	}
	a.verb = verbOf(r, a.name)
	return a, len(parts) <= 3
}

func verbOf(r *http.Request, name string) string {
	switch r.Method {
	case http.MethodPost:
		return "create"
	case http.MethodPut:
		return "update"
	case http.MethodPatch:
		return "patch"
	case http.MethodDelete:
		if name == "" {
			return "deletecollection"
		}
		return "delete"
	}
	watching := r.URL.Query().Get("watch")
	switch {
	case watching == "true" || watching == "1":
		return "watch"
	case name == "":
		return "list"
	}
	return "get"
}
