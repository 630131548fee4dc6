package app

import (
	"fmt"

	"mayday/internal/config"
	"mayday/internal/store"
)

// readStore reads where everything is kept: a directory, or a Postgres database
// that several processes may share.
func (s *settings) readStore(env config.Env) error {
	var st struct {
		Path     string        `yaml:"path"`
		Postgres config.Secret `yaml:"postgres"`
		SealKey  config.Secret `yaml:"seal_key"`
	}
	section := s.file.Section("store")
	if section.Exists() {
		if err := section.Decode(&st); err != nil {
			return err
		}
	}
	switch {
	case st.Path != "" && !st.Postgres.IsZero():
		return section.Fault("postgres", "`store` has a `path` or `postgres`, not both")
	case st.Postgres.IsZero() && !st.SealKey.IsZero():
		return section.Fault("seal_key", "`seal_key` belongs to `postgres`; a data directory has its own key in audit.key")
	}
	s.postgres, s.sealKey = st.Postgres, st.SealKey
	s.data = "data"
	if st.Path != "" {
		s.data = st.Path
	}
	if env.Data != "" {
		s.data = env.Data
	}
	return nil
}

// storeOptions answers how the store is opened.
func (s *settings) storeOptions() (store.Options, error) {
	if s.postgres.IsZero() {
		return store.Options{Dir: s.data}, nil
	}
	address, err := s.postgres.Reveal()
	if err != nil {
		return store.Options{}, fmt.Errorf("read store.postgres: %w", err)
	}
	o := store.Options{Postgres: address}
	if !s.sealKey.IsZero() {
		if o.SealKey, err = s.sealKey.Reveal(); err != nil {
			return store.Options{}, fmt.Errorf("read store.seal_key: %w", err)
		}
	}
	return o, nil
}
