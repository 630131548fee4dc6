package playbooks

import (
	"errors"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

type nodeKind string

const (
	nullNode   nodeKind = "nothing"
	boolNode   nodeKind = "true or false"
	intNode    nodeKind = "a number"
	numberNode nodeKind = "a number with a fraction"
	textNode   nodeKind = "text"
	listNode   nodeKind = "a list"
	mapNode    nodeKind = "a map"
)

// node is one value of a file with its place.
type node struct {
	place
	kind    nodeKind
	text    string // of a scalar, as written, without quotes
	quoted  bool
	block   bool // a text that starts on the line below (| or >)
	value   any  // bool, int64, float64
	items   []*node
	entries []entry
}

type entry struct {
	place // of the key
	key   string
	value *node
}

func (n *node) get(key string) (entry, bool) {
	for _, e := range n.entries {
		if e.key == key {
			return e, true
		}
	}
	return entry{}, false
}

func (n *node) has(key string) bool { _, ok := n.get(key); return ok }

// readTree parses one file into nodes; nil when it is not YAML of the kind that
// playbooks are written in, and then the reason is in l.
func readTree(l *lint, text []byte) *node {
	src, ok := cleanText(l, text)
	if !ok {
		return nil
	}
	file := parseSafely(l, src)
	if file == nil {
		return nil
	}
	return rootOf(l, file)
}

// parseSafely keeps a defect of the parser from ending the process.
func parseSafely(l *lint, src string) (file *ast.File) {
	defer func() {
		if recover() != nil {
			file = nil
			l.fail(place{}, "this is not YAML that can be read", "")
		}
	}()
	tokens := lexer.Tokenize(hideColons(src))
	if !checkTokens(l, src, tokens) {
		return nil
	}
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		syntaxProblem(l, src, err)
		return nil
	}
	return parsed
}

// syntaxProblem takes the parser's sentence and place, not its excerpt of the file.
func syntaxProblem(l *lint, src string, err error) {
	var at yaml.Error
	if !errors.As(err, &at) {
		l.fail(place{}, "this is not YAML that can be read", "")
		return
	}
	where := placeOf(at.GetToken())
	if quotesMissing(l, src, where) {
		return
	}
	l.fail(where, "not valid YAML: "+showColons(at.GetMessage()), "")
}

func rootOf(l *lint, file *ast.File) *node {
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			l.fail(placeOf(doc.Start), "a file holds one playbook, and here a second begins", "Put it into a file of its own")
			return nil
		}
		body = doc.Body
	}
	b := builder{lint: l}
	root := b.build(body)
	switch {
	case l.errors > 0:
		return nil
	case root.kind == nullNode:
		l.fail(place{}, "the file is empty", "")
		return nil
	case root.kind != mapNode:
		l.fail(root.place, "a playbook is a map of keys, and this is "+string(root.kind), "Begin with `name:`")
		return nil
	}
	return root
}

type builder struct {
	lint  *lint
	count int
}

func (b *builder) build(in ast.Node) *node {
	if b.count++; b.count > maxValues {
		if b.count == maxValues+1 {
			b.lint.fail(place{}, "the file holds too many values", "")
		}
		return &node{kind: nullNode}
	}
	switch n := in.(type) {
	case nil:
		return &node{kind: nullNode}
	case *ast.MappingNode:
		return b.mapping(n.Start, n.Values)
	case *ast.MappingValueNode:
		return b.mapping(n.Key.GetToken(), []*ast.MappingValueNode{n})
	case *ast.SequenceNode:
		return b.sequence(n)
	}
	return b.scalar(in)
}

func (b *builder) mapping(start *token.Token, values []*ast.MappingValueNode) *node {
	out := &node{place: placeOf(start), kind: mapNode}
	if len(values) > 0 && start.Type != token.MappingStartType {
		out.place = placeOf(values[0].Key.GetToken())
	}
	for _, v := range values {
		tk := v.Key.GetToken()
		key := showColons(tk.Value)
		if _, ok := v.Key.(ast.ScalarNode); !ok || v.Key.IsMergeKey() {
			b.lint.fail(placeOf(tk), "keys are plain words; merge keys (<<) are not part of the language", "")
			continue
		}
		if out.has(key) {
			b.lint.fail(placeOf(tk), named(key)+" stands twice in the same map", "")
			continue
		}
		value := b.build(v.Value)
		if value.line == 0 || value.kind == nullNode {
			value.place = placeOf(tk)
		}
		out.entries = append(out.entries, entry{place: placeOf(tk), key: key, value: value})
	}
	return out
}

func (b *builder) sequence(n *ast.SequenceNode) *node {
	out := &node{place: placeOf(n.Start), kind: listNode}
	for _, v := range n.Values {
		item := b.build(v)
		if item.line == 0 {
			item.place = out.place
		}
		out.items = append(out.items, item)
	}
	return out
}

func (b *builder) scalar(in ast.Node) *node {
	tk := in.GetToken()
	out := &node{place: placeOf(tk), text: showColons(tk.Value)}
	switch n := in.(type) {
	case *ast.NullNode:
		out.kind = nullNode
	case *ast.BoolNode:
		out.kind, out.value = boolNode, n.Value
	case *ast.IntegerNode:
		out.number(n.Value)
	case *ast.FloatNode:
		out.kind, out.value = numberNode, n.Value
	case *ast.StringNode:
		out.kind, out.text = textNode, showColons(n.Value)
		out.quoted = tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType
	case *ast.LiteralNode:
		out.kind, out.text, out.block = textNode, showColons(n.Value.Value), true
		out.place = placeOf(n.Start)
	default:
		b.lint.fail(out.place, "this form of YAML is not part of the language", "")
		out.kind = nullNode
	}
	return out
}

func (n *node) number(v any) {
	n.kind = intNode
	switch i := v.(type) {
	case int64:
		n.value = i
	case uint64:
		if i <= maxInt {
			n.value = int64(i)
			return
		}
		n.kind, n.value = numberNode, float64(i)
	}
}

func placeOf(tk *token.Token) place {
	if tk == nil || tk.Position == nil {
		return place{}
	}
	return place{tk.Position.Line, tk.Position.Column}
}
