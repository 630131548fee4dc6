package config

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"
)

// Any stands, in a file whose shapes are recorded, for a key that people choose:
// the name of a service or a connection.
const Any = "NAME"

// Shapes are the types that the parts of the program read from each place of a
// file. They are recorded while a file is decoded, so a schema that is made of
// them cannot know other keys than the decoders do.
type Shapes struct {
	types map[string][]reflect.Type
	keys  map[string][]string
	left  map[string][]string // keys that others read
}

// Record begins to note what is decoded from the file, and how.
func (f *File) Record() *Shapes {
	f.shapes = &Shapes{types: map[string][]reflect.Type{}, keys: map[string][]string{}, left: map[string][]string{}}
	return f.shapes
}

func (f *File) note(path string, t reflect.Type) {
	if f != nil && f.shapes != nil && !slices.Contains(f.shapes.types[path], t) {
		f.shapes.types[path] = append(f.shapes.types[path], t)
	}
}

func (f *File) noteKeys(path string, known []string) {
	if f != nil && f.shapes != nil {
		f.shapes.keys[path] = known
	}
}

func (f *File) noteLeft(path string, keys []string) {
	if f != nil && f.shapes != nil {
		f.shapes.left[path] = keys
	}
}

// Schema is the JSON Schema of the file, for editors.
func (s *Shapes) Schema(title string) ([]byte, error) {
	root := s.at("")
	root["$schema"], root["title"] = "https://json-schema.org/draft/2020-12/schema", title
	out, err := json.MarshalIndent(root, "", " ")
	if err != nil {
		return nil, fmt.Errorf("write schema: %w", err)
	}
	return out, nil
}

type schema = map[string]any

// at describes a place: by the types that it was read into, by the keys that it
// may have, by what stands below it.
func (s *Shapes) at(path string) schema {
	var forms []any
	for _, t := range s.types[path] {
		forms = append(forms, s.of(t, path))
	}
	switch {
	case len(forms) == 1:
		return forms[0].(schema)
	case len(forms) > 1:
		return schema{"anyOf": forms}
	}
	keys, known := s.keys[path]
	if below := s.types[join(path, Any)]; !known && len(below) > 0 {
		return object(nil, s.at(join(path, Any)))
	}
	if !known {
		return schema{}
	}
	properties := schema{}
	for _, key := range keys {
		properties[key] = s.at(join(path, key))
	}
	return object(properties, false)
}

// object is a map of keys; an empty section is one as well.
func object(properties schema, more any) schema {
	out := schema{"type": []string{"object", "null"}, "additionalProperties": more}
	if properties != nil {
		out["properties"] = properties
	}
	return out
}

const (
	secretPattern   = `^(env:[A-Za-z_][A-Za-z0-9_]*|file:(/|\$).*)$`
	durationPattern = `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`
)

var (
	secretType    = reflect.TypeFor[Secret]()
	ownForms      = reflect.TypeFor[Unmarshaler]()
	ownText       = reflect.TypeFor[encoding.TextUnmarshaler]()
	scalarSchemas = map[reflect.Kind]string{reflect.String: "string", reflect.Bool: "boolean", reflect.Float64: "number", reflect.Float32: "number",
		reflect.Int: "integer", reflect.Int64: "integer", reflect.Int32: "integer", reflect.Uint: "integer", reflect.Uint64: "integer", reflect.Uint16: "integer"}
)

func (s *Shapes) of(t reflect.Type, path string) schema {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == sectionType:
		return s.at(path)
	case t == secretType:
		return schema{"type": "string", "pattern": secretPattern, "description": "A reference: env:NAME or file:/path."}
	case t == reflect.TypeFor[time.Duration]():
		return schema{"type": "string", "pattern": durationPattern, "description": "A duration, like 30m."}
	case reflect.PointerTo(t).Implements(ownForms) && t.Kind() == reflect.Slice:
		one := s.of(t.Elem(), path+"[]")
		return schema{"anyOf": []any{one, schema{"type": "array", "items": one}}}
	case reflect.PointerTo(t).Implements(ownForms):
		return schema{} // a type that decides for itself
	case reflect.PointerTo(t).Implements(ownText):
		return schema{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Struct:
		return s.structure(t, path)
	case reflect.Map:
		return object(nil, s.of(t.Elem(), join(path, Any)))
	case reflect.Slice:
		return schema{"type": "array", "items": s.of(t.Elem(), path+"[]")}
	}
	if kind, ok := scalarSchemas[t.Kind()]; ok {
		return schema{"type": kind}
	}
	return schema{}
}

func (s *Shapes) structure(t reflect.Type, path string) schema {
	properties := schema{}
	for _, f := range fieldsOf(t, nil) {
		properties[f.key] = s.of(t.FieldByIndex(f.index).Type, join(path, f.key))
	}
	for _, key := range s.left[path] {
		properties[key] = s.at(join(path, key))
	}
	return object(properties, false)
}
