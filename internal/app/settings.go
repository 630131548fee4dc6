package app

import (
	"io"
	"path/filepath"
	"slices"
	"time"

	"mayday/bot"
	"mayday/bot/web"
	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/fault"
	"mayday/internal/incident"
	"mayday/internal/telemetry"
)

// topLevel are the keys of a configuration file.
var topLevel = []string{"chat", "pagerduty", "alertmanager", "changes", "updates", "people", "safety", "services", "connect", "playbooks", "web", "store", "steps", "log", "shutdown", "watch"}

// settings is the whole configuration, each section decoded by whoever owns it.
type settings struct {
	file      *config.File
	listen    string
	url       string
	door      webDoor
	openRead  bool
	tokens    []web.Token
	data      string
	postgres  config.Secret // the address of the store, instead of data
	sealKey   config.Secret
	command   string
	rooms     map[string]string // room -> channel, "#operations"
	people    bot.People
	services  []bot.Service
	entries   map[string]config.Section // service -> its part of the file
	safety    bot.Safety
	policy    incident.Policy
	timeout   time.Duration
	shutdown  time.Duration
	watch     watching
	honeycomb honeycomb
	playbooks string
	logFormat string
	logLevel  string
}

// read decodes every section and reports the mistakes of all of them at once.
func read(f *config.File, env config.Env) (*settings, error) {
	s := &settings{file: f, policy: incident.DefaultPolicy(), shutdown: 10 * time.Second, command: "mayday",
		rooms: map[string]string{incident.RoomOperations: "#operations", incident.RoomStatus: "#status"}}
	err := config.Join(
		f.CheckTopLevel(topLevel...), f.LintSecrets(),
		s.readChat(), s.readWeb(env), s.readStore(env), s.readPeople(), s.readServices(), s.readUpdates(), s.readSafety(), s.readWatch(), s.readHoneycomb(), s.readRest(env),
	)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (s *settings) readChat() error {
	section := s.file.Section("chat")
	if !section.Exists() {
		return nil
	}
	known := []string{"command", "channels"}
	for _, p := range platforms {
		known = append(known, p.Name)
	}
	if err := section.CheckKeys(known...); err != nil {
		return err
	}
	if err := s.readChannels(section.Sub("channels")); err != nil {
		return err
	}
	if slices.Contains(section.Keys(), "command") {
		return section.Sub("command").Decode(&s.command)
	}
	return nil
}

// readChannels reads which channels are the two rooms; they have the same names
// on every platform.
func (s *settings) readChannels(section config.Section) error {
	if !section.Exists() {
		return nil
	}
	var c struct {
		Ops    string `yaml:"ops"`
		Status string `yaml:"status"`
	}
	if err := section.Decode(&c); err != nil {
		return err
	}
	if c.Ops != "" {
		s.rooms[incident.RoomOperations] = c.Ops
	}
	if c.Status != "" {
		s.rooms[incident.RoomStatus] = c.Status
	}
	return nil
}

func (s *settings) readRest(env config.Env) error {
	var errs []error
	if section := s.file.Section("steps"); section.Exists() {
		var st struct {
			Timeout time.Duration `yaml:"timeout"`
		}
		errs = append(errs, section.Decode(&st))
		s.timeout = st.Timeout
	}
	if section := s.file.Section("log"); section.Exists() {
		var l struct {
			Format string `yaml:"format"`
			Level  string `yaml:"level"`
		}
		errs = append(errs, section.Decode(&l))
		s.logFormat, s.logLevel = l.Format, l.Level
		errs = append(errs, checkLog(section, l.Format, l.Level))
	}
	if env.LogFormat != "" {
		s.logFormat = env.LogFormat
	}
	if env.LogLevel != "" {
		s.logLevel = env.LogLevel
	}
	if section := s.file.Section("shutdown"); section.Exists() {
		errs = append(errs, section.Decode(&s.shutdown))
	}
	if section := s.file.Section("playbooks"); section.Exists() {
		errs = append(errs, section.Decode(&s.playbooks))
		if s.playbooks != "" && !filepath.IsAbs(s.playbooks) {
			s.playbooks = filepath.Join(filepath.Dir(s.file.Name()), s.playbooks)
		}
	}
	return config.Join(errs...)
}

// section is where an integration's configuration stands.
func section(f *config.File, i integrations.Integration) config.Section {
	at := i.At
	if len(at) == 0 {
		at = []string{"connect", i.Name}
	}
	return f.Section(at...)
}

// checkLog refuses at once what would keep Mayday from starting.
func checkLog(section config.Section, format, level string) error {
	for key, o := range map[string]telemetry.Options{"format": {Format: format}, "level": {Level: level}} {
		o.Out = io.Discard
		if _, err := telemetry.New(o); err != nil {
			return section.Fault(key, "%s", fault.Of(err).Message)
		}
	}
	return nil
}
