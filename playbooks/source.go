package playbooks

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// Source is the text of one file. Name is its file name, "rollback.yaml".
type Source struct {
	Name    string
	Text    []byte
	BuiltIn bool
}

func (s Source) playbook() string {
	base := filepath.Base(s.Name)
	return strings.TrimSuffix(strings.TrimSuffix(base, ".yaml"), ".yml")
}

//go:embed *.yaml
var builtIn embed.FS

// BuiltIn gives the playbooks that come with Mayday.
func BuiltIn() []Source {
	entries, err := builtIn.ReadDir(".")
	if err != nil {
		return nil // an embedded folder can always be read
	}
	out := make([]Source, 0, len(entries))
	for _, e := range entries {
		text, err := builtIn.ReadFile(e.Name())
		if err == nil {
			out = append(out, Source{Name: e.Name(), Text: text, BuiltIn: true})
		}
	}
	return out
}

// FromDir reads the *.yaml and *.yml files of one folder, not of those below it.
func FromDir(dir string) ([]Source, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder of playbooks: %w", err)
	}
	var out []Source
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); e.IsDir() || strings.HasPrefix(e.Name(), ".") || ext != ".yaml" && ext != ".yml" {
			continue
		}
		text, err := readLimited(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		out = append(out, Source{Name: e.Name(), Text: text})
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}
