package playbooks

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"mayday/internal/fault"
)

// Pin fixes what a run will do. The hash covers the text of the file and of all
// that it runs, the actions with their versions, and the inputs; pinned holds
// the texts, name to YAML, so that a run keeps its own when a file changes.
func (p *Playbook) Pin(inputs map[string]any) (hash string, pinned json.RawMessage) {
	pinned, err := json.Marshal(p.texts)
	if err != nil {
		return "", nil // a map of texts can always be encoded
	}
	if inputs == nil {
		inputs = map[string]any{}
	}
	all, err := json.Marshal(map[string]any{"playbook": p.Name, "texts": p.texts, "actions": p.acts, "inputs": inputs})
	if err != nil {
		return "", nil // inputs come from Inputs, which answers JSON values
	}
	sum := sha256.Sum256(all)
	return hex.EncodeToString(sum[:]), pinned
}

// Unpin reads a playbook back from what Pin gave. It fails when the actions have
// changed so that the text is no longer right. Whether they changed at all shows
// in the hash: Pin with the inputs of the run gives the same one if not.
func Unpin(cat Catalogue, name string, pinned json.RawMessage) (*Playbook, error) {
	var texts map[string]string
	if err := json.Unmarshal(pinned, &texts); err != nil {
		return nil, fmt.Errorf("read pinned playbook %s: %w", name, err)
	}
	sources := make([]Source, 0, len(texts))
	for _, one := range keysOf(texts) {
		sources = append(sources, Source{Name: one + ".yaml", Text: []byte(texts[one])})
	}
	book, problems := Load(cat, sources...)
	if p, ok := book.Get(name); ok {
		return p, nil
	}
	if err := AsFault(problems); err != nil {
		return nil, fmt.Errorf("unpin playbook %s: %w", name, err)
	}
	return nil, fault.Newf(fault.NotFound, "E24", "The run holds no text of the playbook %s.", name)
}
