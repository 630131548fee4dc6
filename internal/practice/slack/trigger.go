package slack

import "time"

// trigger is the right to open one form for one person, for three seconds.
type trigger struct {
	user     string
	at       time.Time
	used     bool
	view     string // the form it came from
	troubled bool   // it went through trouble that we made
}

const (
	triggerLife = 3 * time.Second
	stackMost   = 3
)

// newTrigger makes one, under mu.
func (s *Slack) newTrigger(user, view string) string {
	id := s.id("") + ".1700000000." + s.secret()
	s.triggers[id] = &trigger{user: user, at: s.now(), view: view}
	return id
}

// spendTrigger uses a trigger up, under mu.
func (s *Slack) spendTrigger(id string) (*trigger, error) {
	t := s.triggers[id]
	if t == nil {
		s.audit.breach("a form was opened with a trigger_id that was never given")
		return nil, refuse("invalid_trigger_id")
	}
	if t.used {
		s.audit.breach("a trigger_id was used twice")
		return nil, refuse("trigger_exchanged")
	}
	if age := s.now().Sub(t.at); age > triggerLife {
		if !t.troubled {
			s.audit.breach("a trigger_id was used after %s", age.Round(time.Millisecond))
		}
		return nil, refuse("expired_trigger_id")
	}
	t.used = true
	return t, nil
}

// renewTrigger lets the time of a trigger begin when it is sent.
func (s *Slack) renewTrigger(dl *delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.triggers[dl.trigger]; t != nil && dl.retry == 0 && !dl.repeated {
		t.at = s.now()
	}
}
