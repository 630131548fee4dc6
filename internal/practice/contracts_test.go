//go:build contracts

package practice

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// TestContracts holds what the test suite said to the practice range, and what
// the range answered, against the vendors' own descriptions in the directory
// CONTRACTS. `make contracts` records first and then runs this.
func TestContracts(t *testing.T) {
	dir, records := os.Getenv("CONTRACTS"), os.Getenv(RecordVariable)
	if dir == "" || records == "" {
		t.Fatalf("say where the vendors' files are (CONTRACTS) and the recordings (%s)", RecordVariable)
	}
	for _, v := range described {
		t.Run(v.server, func(t *testing.T) {
			doc := v.load(t, dir)
			found, checked := map[string]int{}, 0
			for _, e := range recordings(t, records, v.server) {
				for _, d := range doc.differences(e) {
					found[d]++
				}
				checked++
			}
			if checked == 0 {
				t.Fatalf("nothing of %s was recorded", v.server)
			}
			t.Logf("%d exchanges", checked)
			doc.report(t, found)
		})
	}
}

// vendorFile is a description and what is known to be wrong or missing in it.
type vendorFile struct {
	server, file string
	base         *regexp.Regexp // before the path of the description
	gaps         []gap
}

// gap is a difference that is explained.
type gap struct {
	like   *regexp.Regexp
	reason string
}

func known(like, reason string) gap { return gap{regexp.MustCompile(like), reason} }

func recordings(t *testing.T, dir, server string) []Exchange {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, server+"-*.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var out []Exchange
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(f)
		lines.Buffer(make([]byte, 0, 1<<20), 32<<20)
		for lines.Scan() {
			var e Exchange
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatal(err)
			}
			out = append(out, e)
		}
		if err := lines.Err(); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	return out
}

// document is a description, ready to be asked.
type document struct {
	vendorFile
	root     map[string]any
	compiler *jsonschema.Compiler
	schemas  map[string]*jsonschema.Schema
	paths    []pathLike
}

type pathLike struct {
	text string
	like *regexp.Regexp
}

func (v vendorFile) load(t *testing.T, dir string) *document {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, v.file))
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if strings.HasSuffix(v.file, ".yaml") {
		if raw, err = yaml.YAMLToJSON(raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatal(err)
	}
	modern(root)
	d := &document{vendorFile: v, root: root, compiler: jsonschema.NewCompiler(), schemas: map[string]*jsonschema.Schema{}}
	d.compiler.DefaultDraft(jsonschema.Draft2020)
	if root["swagger"] == "2.0" {
		d.compiler.DefaultDraft(jsonschema.Draft4)
	}
	if err := d.compiler.AddResource("vendor.json", root); err != nil {
		t.Fatal(err)
	}
	param := regexp.MustCompile(`\\\{[^/]+?\\\}`)
	for p := range root["paths"].(map[string]any) {
		d.paths = append(d.paths, pathLike{p, regexp.MustCompile("^" + param.ReplaceAllString(regexp.QuoteMeta(p), `[^/]+`) + "$")})
	}
	sort.Slice(d.paths, func(a, b int) bool { // the one with fewer blanks is meant
		return strings.Count(d.paths[a].text, "{") < strings.Count(d.paths[b].text, "{")
	})
	return d
}

// modern turns `nullable` of OpenAPI 3.0 into types, and drops formats and
// keywords that are no JSON Schema.
func modern(v any) {
	switch x := v.(type) {
	case map[string]any:
		if x["nullable"] == true {
			if s, ok := x["type"].(string); ok {
				x["type"] = []any{s, "null"}
			}
			if list, ok := x["enum"].([]any); ok && !slices.Contains(list, nil) {
				x["enum"] = append(list, nil)
			}
		}
		if _, isText := x["format"].(string); isText {
			delete(x, "format")
		}
		delete(x, "discriminator")
		for _, one := range x {
			modern(one)
		}
	case []any:
		for _, one := range x {
			modern(one)
		}
	}
}

// differences are those between one exchange and the description.
func (d *document) differences(e Exchange) []string {
	path := e.Path
	if d.base != nil {
		at := d.base.FindStringIndex(path)
		if at == nil {
			return nil // a page for people, an upload address
		}
		path = path[at[1]:]
	}
	var tmpl string
	for _, p := range d.paths {
		if p.like.MatchString(path) {
			tmpl = p.text
			break
		}
	}
	what := e.Method + " " + orElse(tmpl, path)
	if tmpl == "" {
		if e.Status == 404 {
			return nil // it does not exist there either
		}
		return []string{what + ": the description has no such path"}
	}
	op, ok := d.at("paths", tmpl, strings.ToLower(e.Method)).(map[string]any)
	if !ok {
		if e.Status == 405 || e.Status == 404 {
			return nil
		}
		return []string{what + ": the description has no such method"}
	}
	var out []string
	for _, problem := range append(d.request(e, tmpl, op), d.response(e, tmpl, op)...) {
		out = append(out, what+": "+problem)
	}
	return out
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// at walks the description.
func (d *document) at(keys ...string) any {
	var v any = d.root
	for _, k := range keys {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		if ref, ok := m["$ref"].(string); ok {
			m, _ = d.at(pointer(ref)...).(map[string]any)
		}
		v = m[k]
	}
	if m, ok := v.(map[string]any); ok {
		if ref, ok := m["$ref"].(string); ok && len(m) == 1 {
			return d.at(pointer(ref)...)
		}
	}
	return v
}

func pointer(ref string) []string {
	parts := strings.Split(strings.TrimPrefix(ref, "#/"), "/")
	for n := range parts {
		parts[n] = strings.NewReplacer("~1", "/", "~0", "~").Replace(parts[n])
	}
	return parts
}

func (d *document) request(e Exchange, tmpl string, op map[string]any) []string {
	if e.Status >= 400 {
		return nil // it was refused: it need not be right
	}
	if params, ok := op["parameters"].([]any); ok && d.root["swagger"] == "2.0" {
		return d.form(e, params)
	}
	if e.Request == "" {
		return nil
	}
	return d.body(e.Request, e.RequestType, []string{"paths", tmpl, strings.ToLower(e.Method), "requestBody"}, "request")
}

// form checks the fields of a form, or of a JSON body that stands for one.
func (d *document) form(e Exchange, params []any) []string {
	known := map[string]bool{"token": true}
	given, err := fields(e)
	if err != nil {
		return []string{"request: " + err.Error()}
	}
	var out []string
	for _, p := range params {
		m := p.(map[string]any)
		name, _ := m["name"].(string)
		known[name] = true
		if m["required"] == true && m["in"] != "header" && name != "token" && !given[name] {
			out = append(out, "request: "+name+" is required")
		}
	}
	for name := range given {
		if !known[name] {
			out = append(out, "request: there is no argument "+name)
		}
	}
	return out
}

func fields(e Exchange) (map[string]bool, error) {
	given := map[string]bool{}
	if strings.HasPrefix(e.RequestType, "application/json") {
		var body map[string]any
		if err := json.Unmarshal([]byte(e.Request), &body); err != nil {
			return nil, err
		}
		for k := range body {
			given[k] = true
		}
		return given, nil
	}
	for _, text := range []string{e.Request, e.Query} {
		v, err := url.ParseQuery(text)
		if err != nil {
			return nil, err
		}
		for k := range v {
			given[k] = true
		}
	}
	return given, nil
}

func (d *document) response(e Exchange, tmpl string, op map[string]any) []string {
	if e.Status >= 500 || e.Status == 0 || e.Response == "" {
		return nil // a fault that was played
	}
	status := fmt.Sprint(e.Status)
	all, _ := op["responses"].(map[string]any)
	if _, ok := all[status]; !ok {
		status = status[:1] + "XX"
	}
	if _, ok := all[status]; !ok {
		status = "default"
	}
	if _, ok := all[status]; !ok {
		if e.Status == 429 || e.Status == 401 {
			return nil // said in words everywhere, in the files nowhere
		}
		return []string{fmt.Sprintf("the description has no answer %d", e.Status)}
	}
	at := []string{"paths", tmpl, strings.ToLower(e.Method), "responses", status}
	if d.root["swagger"] == "2.0" {
		if d.at(append(at, "schema")...) == nil {
			return nil
		}
		var body map[string]any
		if json.Unmarshal([]byte(e.Response), &body) == nil && body["ok"] == false {
			if d.at("paths", tmpl, strings.ToLower(e.Method), "responses", "default", "schema") == nil {
				return nil
			}
			at[len(at)-1] = "default"
		}
		return d.check(e.Response, append(at, "schema"), "response")
	}
	return d.body(e.Response, e.ResponseType, at, "response")
}

// body finds the schema of a content type and checks against it.
func (d *document) body(text, kind string, at []string, what string) []string {
	kind, _, _ = strings.Cut(kind, ";")
	if kind == "multipart/form-data" {
		return nil // a file with its JSON beside it
	}
	content, _ := d.at(append(slices.Clone(at), "content")...).(map[string]any)
	if content == nil {
		return nil
	}
	for _, one := range []string{kind, "application/json"} {
		if _, ok := content[one]; ok {
			return d.check(text, append(slices.Clone(at), "content", one, "schema"), what)
		}
	}
	return []string{what + ": the description has no " + kind}
}

func (d *document) check(text string, at []string, what string) []string {
	var body any
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		return nil // garbage was played
	}
	s, err := d.schema(at)
	if err != nil {
		return []string{what + ": the schema cannot be read: " + err.Error()}
	}
	var wrong *jsonschema.ValidationError
	err = s.Validate(body)
	if err == nil {
		return nil
	}
	if v, ok := err.(*jsonschema.ValidationError); ok {
		wrong = v
	}
	return leaves(wrong, what)
}

func (d *document) schema(at []string) (*jsonschema.Schema, error) {
	// The pointer may lead through references, which the compiler does not follow
	// in a location: resolve as far as the parent.
	key := strings.Join(at, "\x00")
	if s := d.schemas[key]; s != nil {
		return s, nil
	}
	schema := d.at(at...)
	name := fmt.Sprintf("part-%d.json", len(d.schemas))
	copied := absolute(schema)
	if err := d.compiler.AddResource(name, copied); err != nil {
		return nil, err
	}
	s, err := d.compiler.Compile(name)
	if err == nil {
		d.schemas[key] = s
	}
	return s, err
}

// absolute points local references at the whole description.
func absolute(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, one := range x {
			if ref, ok := one.(string); ok && k == "$ref" && strings.HasPrefix(ref, "#") {
				out[k] = "vendor.json" + ref
				continue
			}
			out[k] = absolute(one)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for n := range x {
			out[n] = absolute(x[n])
		}
		return out
	}
	return v
}

// leaves are the innermost differences, without their values.
func leaves(v *jsonschema.ValidationError, what string) []string {
	if v == nil {
		return nil
	}
	if len(v.Causes) == 0 {
		return []string{fmt.Sprintf("%s /%s: %v", what, numbers.ReplaceAllString(strings.Join(v.InstanceLocation, "/"), "#"), v.ErrorKind)}
	}
	switch v.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		return nearest(v.Causes, what)
	}
	seen := map[string]bool{}
	var out []string
	for _, c := range v.Causes {
		for _, l := range leaves(c, what) {
			if !seen[l] {
				seen[l] = true
				out = append(out, l)
			}
		}
	}
	return out
}

// nearest are the differences from the alternative that was meant: the one of
// the right type, else the one with the fewest.
func nearest(all []*jsonschema.ValidationError, what string) []string {
	var best []string
	for n, c := range all {
		found := leaves(c, what)
		if n == 0 || rank(found) < rank(best) {
			best = found
		}
	}
	return best
}

func rank(differences []string) int {
	n := len(differences)
	for _, d := range differences {
		if strings.Contains(d, "/type: ") {
			n += 100
		}
	}
	return n
}

var numbers = regexp.MustCompile(`\b[0-9]+\b`)

// report lists every difference: the explained ones with their reasons, the
// others as failures. An explanation that explains nothing is reported as well.
func (d *document) report(t *testing.T, found map[string]int) {
	used := map[string]int{}
	var open []string
	for text, n := range found {
		explained := false
		for _, g := range d.gaps {
			if g.like.MatchString(text) {
				used[g.reason] += n
				explained = true
				break
			}
		}
		if !explained {
			open = append(open, fmt.Sprintf("%s (%d times)", text, n))
		}
	}
	sort.Strings(open)
	for _, o := range open {
		t.Error(o)
	}
	for _, g := range d.gaps {
		t.Logf("explained, %d times: %s", used[g.reason], g.reason)
	}
}
