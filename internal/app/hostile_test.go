package app

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// hostile is a vendor that answers every request with an error which repeats what
// it was given, the secrets of the caller in every form among it.
type hostile struct {
	*httptest.Server
	tls      string
	postgres string // the address of a server that refuses and repeats the password
	secrets  *canaries

	mu    sync.Mutex
	paths []string
	sent  strings.Builder // bodies that came in, which are sinks as well
}

func newHostile(t *testing.T, c *canaries) *hostile {
	t.Helper()
	h := &hostile{secrets: c}
	secure := httptest.NewTLSServer(h) // clients of Kubernetes show their token to nobody else
	t.Cleanup(secure.Close)
	h.tls = secure.URL
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.postgres = listener.Addr().String()
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { h.refuse(conn) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); open.Wait() })
	return h
}

func (h *hostile) asked(part string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.paths {
		if strings.HasPrefix(p, part) {
			return true
		}
	}
	return false
}

func (h *hostile) bodies() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sent.String()
}

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	h.paths = append(h.paths, r.URL.Path)
	if !strings.HasPrefix(r.URL.Path, "/slack") { // whose library sends its token in the body
		h.sent.Write(body)
	}
	h.mu.Unlock()
	_, status, _ := strings.Cut("ld 400 slack 500 discord 403 k8s 403 prom 422 am 400 pd 400", strings.SplitN(r.URL.Path+"/", "/", 3)[1]+" ")
	code := 500
	_, _ = fmt.Sscan(status, &code)
	credential := r.Header.Get("Authorization")
	echo := fmt.Sprintf("%s %s: %v %s %s %s %s %s", r.Method, r.URL, r.Header, body, hex.EncodeToString([]byte(credential)), base64.StdEncoding.EncodeToString([]byte(credential)),
		url.QueryEscape(credential), url.PathEscape(credential))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(h.shape(r.URL.Path, echo, code))
}

// shape is the error as each vendor writes it, so that the client takes it apart
// and repeats the words.
func (h *hostile) shape(path, echo string, code int) any {
	switch {
	case strings.HasPrefix(path, "/k8s"):
		return map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Forbidden", "message": echo, "code": code}
	case strings.HasPrefix(path, "/prom"):
		return map[string]any{"status": "error", "errorType": "execution", "error": echo}
	case strings.HasPrefix(path, "/pd"):
		return map[string]any{"error": map[string]any{"code": 2001, "message": echo, "errors": []string{echo}}}
	case strings.HasPrefix(path, "/slack"):
		return map[string]any{"ok": false, "error": echo}
	case strings.HasPrefix(path, "/am"):
		return echo
	}
	return map[string]any{"code": "invalid_request", "message": echo, "error": echo}
}

// refuse speaks as much of Postgres's protocol as it takes to be given a password
// in plain words and to repeat it.
func (h *hostile) refuse(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	var size [4]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return
	}
	if _, err := io.CopyN(io.Discard, conn, int64(binary.BigEndian.Uint32(size[:]))-4); err != nil {
		return
	}
	_, _ = conn.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3})
	var kind [5]byte
	if _, err := io.ReadFull(conn, kind[:]); err != nil {
		return
	}
	password := make([]byte, binary.BigEndian.Uint32(kind[1:])-4)
	if _, err := io.ReadFull(conn, password); err != nil {
		return
	}
	text := fmt.Sprintf("SFATAL\x00C28P01\x00Mpassword %s failed, %s\x00\x00", strings.TrimRight(string(password), "\x00"), h.secrets.told("pg_password"))
	answer := binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(text)+4))
	_, _ = conn.Write(append(answer, text...))
}
