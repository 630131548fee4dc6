// Package config reads the one YAML file of Mayday and the environment beside it.
//
// There is no central struct. The file is parsed once into a File; every part of
// the program decodes its own section into its own struct:
//
//	var own struct {
//		Every   time.Duration  `yaml:"every"`
//		Secrets config.Secrets `yaml:"webhook_secret"`
//	}
//	own.Every = 30 * time.Minute // a default; absent keys leave it alone
//	err := file.Section("pagerduty").Decode(&own)
//
// Decoding is strict: an unknown or repeated key and a value of another type are
// refused with file:line:column and the key that was probably meant. All mistakes
// of a section are reported at once. Text is never taken for a number or a number
// for text; durations are written like 30m and are at least 1s.
//
// Types that have more than one form implement UnmarshalConfig(Section) error
// and may try Section.Decode on several targets. List is such a type: a single
// value is a list of one. Types with UnmarshalText work as well.
//
// Secrets are references, env:NAME or file:/path, never literals. A Secret prints
// as [redacted] through every verb and encoder; Reveal reads the value when it is
// needed, so that a rotated file or variable is seen without a restart.
package config

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"mayday/internal/fault"
)

// File is a parsed configuration file. It is safe for concurrent use.
type File struct {
	name string
	root *node

	shapes *Shapes // nil unless somebody wants to know them

	mu       sync.Mutex
	onReveal func(value string)
	sources  []*source // of the secrets that were decoded
}

// Load reads and parses the file at path.
func Load(path string) (*File, error) {
	src, err := readLimited(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, src)
}

// Parse parses src; name is what errors call the file.
func Parse(name string, src []byte) (*File, error) {
	root, bad := parseTree(src)
	if bad != nil {
		return nil, mistakes{*bad}.fault(name)
	}
	return &File{name: name, root: root}, nil
}

// Name is the name of the file as errors show it.
func (f *File) Name() string { return f.name }

// Section finds the value under the given keys. A section that is not in the file
// decodes to nothing; Exists tells.
func (f *File) Section(path ...string) Section {
	s := Section{file: f, at: f.root, node: f.root}
	for _, key := range path {
		s = s.Sub(key)
	}
	return s
}

// CheckTopLevel refuses keys of the file that nobody owns.
func (f *File) CheckTopLevel(known ...string) error {
	return f.Section().CheckKeys(known...)
}

// OnReveal registers who is told each secret value the first time it is read, and
// again after each rotation: the redactor, so that a value is masked before
// anybody can log it. It must be called before the secrets are revealed.
func (f *File) OnReveal(tell func(value string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onReveal = tell
}

// RevealAll reads every secret that was decoded until now, so that whoever is told
// (OnReveal) knows all of them before the first one is used: what comes in from
// outside may quote a secret that was not read yet. What cannot be read is said by
// who needs it.
func (f *File) RevealAll() {
	f.mu.Lock()
	all := slices.Clone(f.sources)
	f.mu.Unlock()
	for _, src := range all {
		if value, err := src.read(); err == nil {
			src.announce(value)
		}
	}
}

func (f *File) decoded(src *source) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.ContainsFunc(f.sources, func(s *source) bool { return s.ref == src.ref }) {
		f.sources = append(f.sources, src)
	}
}

// Learn tells who is told of secrets one that does not stand in the file but in
// another that the file names, the token in a kubeconfig for example.
func (s Section) Learn(secret string) {
	if s.file != nil && secret != "" {
		s.file.revealed(secret)
	}
}

func (f *File) revealed(value string) {
	f.mu.Lock()
	tell := f.onReveal
	f.mu.Unlock()
	if tell != nil {
		tell(value)
	}
}

func readLimited(path string) ([]byte, error) {
	in, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer func() { _ = in.Close() }()
	src, err := io.ReadAll(io.LimitReader(in, maxBytes+1))
	if err != nil {
		return nil, unreadable(path, err)
	}
	return src, nil
}

func unreadable(path string, err error) error {
	return fault.New(fault.Invalid, code, fmt.Sprintf("%s: cannot be read: %v.", path, plainCause(err)),
		"Give the file with -c FILE or MAYDAY_CONFIG.").WithState(notLoaded).Because(err)
}
