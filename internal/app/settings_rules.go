package app

import (
	"slices"
	"time"

	"mayday/bot"
	"mayday/internal/config"
	"mayday/internal/incident"
)

// The rules of a team: when a word is due, and how acts are confirmed.

func (s *settings) readUpdates() error {
	section := s.file.Section("updates")
	if !section.Exists() {
		return nil
	}
	type perSeverity struct {
		First time.Duration `yaml:"first"`
	}
	var u struct {
		First      time.Duration `yaml:"first"`
		Every      time.Duration `yaml:"every"`
		SecondCall time.Duration `yaml:"second_call"`
		Escalate   time.Duration `yaml:"escalate"`
		Holding    bool          `yaml:"holding_line"`
		SEV1       perSeverity   `yaml:"SEV1"`
		SEV2       perSeverity   `yaml:"SEV2"`
		SEV3       perSeverity   `yaml:"SEV3"`
	}
	if err := section.Decode(&u); err != nil {
		return err
	}
	p := &s.policy
	p.Holding = u.Holding
	for sev, one := range map[incident.Severity]perSeverity{incident.SEV1: u.SEV1, incident.SEV2: u.SEV2, incident.SEV3: u.SEV3} {
		if first := orElse(one.First, u.First); first > 0 {
			p.First[sev] = first
		}
	}
	p.Every, p.SecondCall, p.Escalate = orElse(u.Every, p.Every), orElse(u.SecondCall, p.SecondCall), orElse(u.Escalate, p.Escalate)
	return nil
}

func orElse(d, standard time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return standard
}

func (s *settings) readSafety() error {
	s.safety = bot.Safety{ProdPhrase: "target", SecondPerson: "danger", ApprovalExpires: 10 * time.Minute, UndoFor: 24 * time.Hour,
		Glass: incident.Glass{Allowed: true, After: time.Minute}}
	section := s.file.Section("safety")
	if !section.Exists() {
		return nil
	}
	var sf struct {
		ProdPhrase      string         `yaml:"prod_phrase"`
		SecondPerson    string         `yaml:"second_person"`
		ApprovalExpires time.Duration  `yaml:"approval_expires"`
		BreakGlass      config.Section `yaml:"break_glass"`
		UndoFor         time.Duration  `yaml:"undo_for"`
		BackupMaxAge    time.Duration  `yaml:"backup_max_age"`
		Wide            int            `yaml:"wide"`
	}
	if err := section.Decode(&sf); err != nil {
		return err
	}
	if sf.SecondPerson != "" {
		if !slices.Contains([]string{"never", "danger", "always", "when_available"}, sf.SecondPerson) {
			return section.Fault("second_person", "`second_person` is never, danger, always or when_available, not %q", sf.SecondPerson)
		}
		s.safety.SecondPerson = sf.SecondPerson
	}
	if sf.ProdPhrase != "" {
		s.safety.ProdPhrase = sf.ProdPhrase
	}
	if sf.ApprovalExpires > 10*time.Minute {
		return section.Fault("approval_expires", "an approval lives 10m at most")
	}
	s.safety.ApprovalExpires = orElse(sf.ApprovalExpires, s.safety.ApprovalExpires)
	s.safety.UndoFor = orElse(sf.UndoFor, s.safety.UndoFor)
	return s.readGlass(sf.BreakGlass)
}

// readGlass reads `break_glass`: a duration, or false.
func (s *settings) readGlass(section config.Section) error {
	s.safety.Glass = incident.Glass{Allowed: true, After: time.Minute}
	if !section.Exists() {
		return nil
	}
	var allowed bool
	if section.Decode(&allowed) == nil {
		s.safety.Glass.Allowed = allowed
		return nil
	}
	return section.Decode(&s.safety.Glass.After)
}
