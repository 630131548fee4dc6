package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Limits of a file. The parser recurses, so what would nest too deeply is refused
// from the tokens, before it is parsed.
const (
	maxBytes  = 1 << 20
	maxDepth  = 64
	maxValues = 100_000
	// maxTokens bounds the time of the parser, which is quadratic for some files.
	maxTokens = 100_000
	// maxMarks is how many dashes, anchors or colons may follow one another
	// without a value in between or a new line.
	maxMarks = 16
)

const tooDeep = "the values nest too deeply."

// parseTree checks src and gives its root, which is a map.
func parseTree(src []byte) (*node, *mistake) {
	if bad := checkBytes(src); bad != nil {
		return nil, bad
	}
	// The scanner loses count of lines that end in CR LF.
	text := strings.ReplaceAll(string(bytes.TrimPrefix(src, []byte("\ufeff"))), "\r\n", "\n")
	file, bad := parseSafely(text)
	if bad != nil {
		return nil, bad
	}
	return rootOf(file)
}

func checkBytes(src []byte) *mistake {
	if len(src) > maxBytes {
		return &mistake{text: "the file is larger than 1 MiB."}
	}
	line, col := 1, 1
	for rest := src; len(rest) > 0; {
		r, n := utf8.DecodeRune(rest)
		switch {
		case r == utf8.RuneError && n == 1:
			return &mistake{line: line, col: col, text: "the file is not UTF-8 text."}
		case r < ' ' && r != '\n' && r != '\r' && r != '\t', r == 0x7f, r == hiddenColon:
			return &mistake{line: line, col: col, text: "the file holds a control character."}
		case r == '\n':
			line, col = line+1, 0
		}
		col, rest = col+1, rest[n:]
	}
	return nil
}

// parseSafely keeps a defect of the parser from ending the process: the file is
// reloaded while the program runs.
func parseSafely(src string) (file *ast.File, bad *mistake) {
	defer func() {
		if recover() != nil {
			file, bad = nil, &mistake{text: "this is not YAML that can be read."}
		}
	}()
	tokens := lexer.Tokenize(hideColons(src))
	if bad := checkTokens(tokens); bad != nil {
		return nil, bad
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, syntaxMistake(err)
	}
	return file, nil
}

// syntaxMistake takes the parser's sentence and place, not its excerpt of the
// source, which may hold what should not be shown.
func syntaxMistake(err error) *mistake {
	var at yaml.Error
	if !errors.As(err, &at) {
		return &mistake{text: "this is not YAML that can be read."}
	}
	return badAt(at.GetToken(), fmt.Sprintf("not valid YAML: %s.", showColons(at.GetMessage())))
}

func checkTokens(tokens token.Tokens) *mistake {
	if len(tokens) > maxTokens {
		return badAt(tokens[maxTokens], fmt.Sprintf("the file has more than %d words and signs.", maxTokens))
	}
	flow, marks, line := 0, 0, 0
	for _, tk := range tokens {
		switch tk.Type {
		case token.TagType, token.DirectiveType, token.MappingKeyType:
			return badAt(tk, "tags (!x), directives (%x) and complex keys (? x) are not supported.")
		case token.SequenceStartType, token.MappingStartType:
			flow, marks = flow+1, 0
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.CollectEntryType:
			marks = 0
		case token.SequenceEntryType, token.MappingValueType, token.AnchorType, token.AliasType:
			if flow <= 0 && tk.Position.Line != line {
				marks = 0
			}
			marks, line = marks+1, tk.Position.Line
		}
		if flow > maxDepth || marks > maxMarks {
			return badAt(tk, tooDeep)
		}
	}
	return nil
}

func rootOf(file *ast.File) (*node, *mistake) {
	var body ast.Node
	for _, doc := range file.Docs {
		if doc.Body == nil || doc.Body.Type() == ast.CommentType {
			continue
		}
		if body != nil {
			return nil, badAt(doc.Body.GetToken(), "the file holds a second document; only one is read.")
		}
		body = doc.Body
	}
	b := builder{anchors: map[string]*node{}}
	root, bad := b.build(body)
	switch {
	case bad != nil:
		return nil, bad
	case root.kind == nullKind:
		return nil, &mistake{text: "the file is empty."}
	case root.kind != mapKind:
		return nil, &mistake{line: root.line, col: root.col, text: fmt.Sprintf("the file is %s; it must be a map of keys, like `store: {path: DIR}`.", root.kind)}
	}
	return root, nil
}
