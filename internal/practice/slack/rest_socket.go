package slack

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"
)

// secret is a word that nobody guesses.
func (s *Slack) secret() string {
	var raw [12]byte
	_, _ = rand.Read(raw[:]) // it never fails
	return hex.EncodeToString(raw[:])
}

// connectionsOpen hands out the address of a socket, which is good once.
func (s *Slack) connectionsOpen(c *call) (object, error) {
	ticket := s.sockets.ticket()
	if ticket == "" {
		return nil, refuse("too_many_websockets")
	}
	address := "ws" + strings.TrimPrefix(s.address(c.Request), "http")
	return object{"url": address + "/link/?ticket=" + ticket + "&app_id=" + App}, nil
}

var upgrader = websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}

// openSocket upgrades a connection that has a ticket.
func (s *Slack) openSocket(w http.ResponseWriter, r *http.Request) {
	one := &Call{At: s.now(), Method: ToSocket}
	s.audit.note(one)
	if fault := s.script.take(ToSocket); fault != nil && s.suffer(w, r, one, fault) {
		return
	}
	if r.URL.Path != "/link/" || !s.sockets.redeem(r.URL.Query().Get("ticket")) {
		s.audit.breach("a socket was opened at an address that is no good, or not any more")
		s.write(w, one, http.StatusNotFound, "text/html; charset=utf-8", []byte(notFound))
		return
	}
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		s.audit.finish(one, http.StatusBadRequest, false, "", "")
		return
	}
	s.audit.finish(one, http.StatusSwitchingProtocols, true, "", "")
	s.sockets.serve(conn, r.Host)
}
