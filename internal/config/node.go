package config

import (
	"fmt"
	"math"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

type kind string

const (
	nullKind  kind = "nothing"
	boolKind  kind = "true or false"
	intKind   kind = "a number"
	floatKind kind = "a number with a fraction"
	textKind  kind = "text"
	listKind  kind = "a list"
	mapKind   kind = "a map"
)

// node is one value of the file with its place. Aliases share the node of their
// anchor, so a node may be reached by several ways, but never from itself.
type node struct {
	kind      kind
	text      string // scalars: as written, without quotes
	scalar    any    // bool, int64, uint64, float64
	line, col int
	items     []*node
	entries   []entry

	size, depth int // of the whole value with its aliases expanded
}

type entry struct {
	key       string
	line, col int
	value     *node
	again     bool // the key stands a second time in its map
}

func (n *node) entry(key string) *entry {
	for i := range n.entries {
		if n.entries[i].key == key && !n.entries[i].again {
			return &n.entries[i]
		}
	}
	return nil
}

// builder turns the syntax tree into nodes. Anchors become known when their value
// is complete, so that an alias inside of it, a loop, is an unknown one.
type builder struct {
	anchors map[string]*node
}

func (b *builder) build(in ast.Node) (*node, *mistake) {
	switch n := in.(type) {
	case nil:
		return &node{kind: nullKind, size: 1, depth: 1}, nil
	case *ast.MappingNode:
		return b.buildMap(n.Start, n.Values)
	case *ast.MappingValueNode:
		return b.buildMap(n.Key.GetToken(), []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		return b.buildList(n)
	case *ast.AnchorNode:
		value, bad := b.build(n.Value)
		if bad == nil {
			b.anchors[n.Name.GetToken().Value] = value
		}
		return value, bad
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		if value, ok := b.anchors[name]; ok {
			return value, nil
		}
		return nil, badAt(n.GetToken(), fmt.Sprintf("no anchor %s stands before this alias.", quoted(showColons(name))))
	}
	return buildScalar(in)
}

func (b *builder) buildMap(start *token.Token, values []*ast.MappingValueNode) (*node, *mistake) {
	out := newNode(mapKind, start)
	if len(values) > 0 && start.Type != token.MappingStartType {
		place(out, values[0].Key.GetToken())
	}
	seen := make(map[string]bool, len(values))
	for _, v := range values {
		tk := v.Key.GetToken()
		if _, ok := v.Key.(ast.ScalarNode); !ok || v.Key.IsMergeKey() {
			return nil, badAt(tk, "keys are plain words; merge keys (<<) and keys with anchors are not supported.")
		}
		value, bad := b.build(v.Value)
		if bad != nil {
			return nil, bad
		}
		if value.line == 0 {
			place(value, tk)
		}
		key := showColons(tk.Value)
		e := entry{key: key, line: tk.Position.Line, col: tk.Position.Column, value: value, again: seen[key]}
		seen[key] = true
		out.entries = append(out.entries, e)
		if bad := out.grow(value, tk); bad != nil {
			return nil, bad
		}
	}
	return out, nil
}

func (b *builder) buildList(n *ast.SequenceNode) (*node, *mistake) {
	out := newNode(listKind, n.Start)
	for _, v := range n.Values {
		item, bad := b.build(v)
		if bad != nil {
			return nil, bad
		}
		if item.line == 0 {
			place(item, n.Start)
		}
		out.items = append(out.items, item)
		if bad := out.grow(item, n.Start); bad != nil {
			return nil, bad
		}
	}
	return out, nil
}

// grow counts a value with its aliases expanded: few lines of anchors can stand
// for billions of values.
func (n *node) grow(child *node, tk *token.Token) *mistake {
	n.size += child.size
	n.depth = max(n.depth, child.depth+1)
	if n.size > maxValues {
		return badAt(tk, fmt.Sprintf("the file has more than %d values with its anchors expanded.", maxValues))
	}
	if n.depth > maxDepth {
		return badAt(tk, tooDeep)
	}
	return nil
}

func buildScalar(in ast.Node) (*node, *mistake) {
	tk := in.GetToken()
	switch n := in.(type) {
	case *ast.NullNode:
		return newNode(nullKind, tk), nil
	case *ast.BoolNode:
		return scalarNode(boolKind, tk, tk.Value, n.Value), nil
	case *ast.IntegerNode:
		return scalarNode(intKind, tk, tk.Value, n.Value), nil
	case *ast.FloatNode:
		return scalarNode(floatKind, tk, tk.Value, n.Value), nil
	case *ast.InfinityNode:
		return scalarNode(floatKind, tk, tk.Value, n.Value), nil
	case *ast.NanNode:
		return scalarNode(floatKind, tk, tk.Value, math.NaN()), nil
	case *ast.StringNode:
		return scalarNode(textKind, tk, n.Value, nil), nil
	case *ast.LiteralNode:
		return scalarNode(textKind, n.Start, n.Value.Value, nil), nil
	}
	return nil, badAt(tk, "this form of YAML is not supported here.")
}

func newNode(k kind, tk *token.Token) *node {
	n := &node{kind: k, size: 1, depth: 1}
	place(n, tk)
	return n
}

func scalarNode(k kind, tk *token.Token, text string, value any) *node {
	n := newNode(k, tk)
	n.text, n.scalar = showColons(text), value
	return n
}

func place(n *node, tk *token.Token) {
	if tk != nil && tk.Position != nil {
		n.line, n.col = tk.Position.Line, tk.Position.Column
	}
}

func badAt(tk *token.Token, text string) *mistake {
	m := &mistake{text: text}
	if tk != nil && tk.Position != nil {
		m.line, m.col = tk.Position.Line, tk.Position.Column
	}
	return m
}
