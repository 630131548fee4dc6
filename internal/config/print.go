package config

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Tree is the whole file as plain values. A secret is its reference; what looks
// like one, wherever it stands, is hidden.
func (f *File) Tree() map[string]any { return plainMap(f.root) }

func plainMap(n *node) map[string]any {
	out := make(map[string]any, len(n.entries))
	for _, e := range n.entries {
		out[join("", e.key)] = plain(e.value)
	}
	return out
}

func plain(n *node) any {
	switch n.kind {
	case nullKind:
		return nil
	case mapKind:
		return plainMap(n)
	case listKind:
		out := make([]any, len(n.items))
		for i, item := range n.items {
			out[i] = plain(item)
		}
		return out
	case textKind:
		if looksLikeToken(n.text) {
			return redacted
		}
		return n.text
	}
	return n.scalar
}

// Render writes plain values as YAML, keys in order.
func Render(tree map[string]any) ([]byte, error) {
	out, err := yaml.MarshalWithOptions(tree, yaml.IndentSequence(true))
	if err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	return out, nil
}
