package telemetry

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// encodings are the forms in which a value may show up.
func encodings(value string) []string {
	raw := []byte(value)
	lower := hex.EncodeToString(raw)
	path, query := url.PathEscape(value), url.QueryEscape(value)
	forms := []string{
		value, lower, strings.ToUpper(lower), path, query, lowerEscapes(path), lowerEscapes(query),
		base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
		unquoted(strconv.Quote(value)), asJSON(value, true), asJSON(value, false),
	}
	forms = append(forms, embedded(base64.RawStdEncoding, raw)...)
	forms = append(forms, embedded(base64.RawURLEncoding, raw)...)
	slices.Sort(forms)
	return slices.Compact(forms)
}

// embedded gives the base64 of a value inside something longer, "user:password" of
// an Authorization header for example: one form for each of the three positions
// that it can have in a group, without the outer characters that mix with others.
func embedded(enc *base64.Encoding, raw []byte) []string {
	const least = 8 // shorter pieces stand in ordinary text
	var forms []string
	for before := range 3 {
		text := enc.EncodeToString(append(make([]byte, before), raw...))
		from, to := (before*8+5)/6, (before+len(raw))*8/6
		if to-from >= least {
			forms = append(forms, text[from:to])
		}
	}
	return forms
}

func asJSON(value string, escapeHTML bool) string {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(escapeHTML)
	if err := enc.Encode(value); err != nil {
		return value
	}
	return unquoted(strings.TrimSuffix(out.String(), "\n"))
}

// unquoted drops the outer quotes only; the value may end in one of its own.
func unquoted(text string) string { return text[1 : len(text)-1] }

var escape = regexp.MustCompile(`%[0-9A-F]{2}`)

func lowerEscapes(text string) string { return escape.ReplaceAllStringFunc(text, strings.ToLower) }
