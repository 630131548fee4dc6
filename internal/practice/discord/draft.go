package discord

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"
)

// draft is a message as a caller writes it. Pointers tell what is there.
type draft struct {
	Content     *string            `json:"content"`
	Embeds      *[]json.RawMessage `json:"embeds"`
	Components  *[]json.RawMessage `json:"components"`
	Mentions    *allowed           `json:"allowed_mentions"`
	Flags       *int               `json:"flags"`
	Nonce       any                `json:"nonce"`
	Enforce     bool               `json:"enforce_nonce"`
	Attachments *[]attached        `json:"attachments"`
	Reference   *struct {
		Message string `json:"message_id"`
		Fail    *bool  `json:"fail_if_not_exists"`
	} `json:"message_reference"`

	uploads []file
}

type attached struct {
	ID          any    `json:"id"`
	Name        string `json:"filename"`
	Description string `json:"description"`
}

// Flags that a caller may set on a new message, and those of an edit.
const (
	flagsNew  = flagSuppressEmbeds | flagSilent | flagComponentsV2
	flagsEdit = flagSuppressEmbeds | flagComponentsV2
)

// silent is the flag of a message that makes no phone ring.
func (m *draft) silent() int {
	if m.has(flagSilent) {
		return flagSilent
	}
	return 0
}

func (m *draft) has(flag int) bool { return m.Flags != nil && *m.Flags&flag != 0 }

// decode reads a JSON body strictly by type.
func decode(body []byte, into any) error {
	err := json.Unmarshal(body, into)
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		f := &form{}
		f.bad(wrong.Field, "BASE_TYPE_BAD_TYPE", fmt.Sprintf("Could not interpret %q as %s.", wrong.Value, wrong.Type))
		return f.err()
	}
	if err != nil {
		return badJSON()
	}
	return nil
}

// readBody answers the JSON of a request and its files; multipart bodies have it
// as payload_json.
func readBody(c *call) ([]byte, []file, error) {
	kind, params, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if len(c.body) == 0 {
		return []byte("{}"), nil, nil
	}
	if err != nil || (kind != "application/json" && kind != "multipart/form-data") {
		f := &form{}
		f.bad("_", "CONTENT_TYPE_INVALID", `Expected "Content-Type" header to be one of {'application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'}.`)
		return nil, nil, f.err()
	}
	if kind == "application/json" {
		return c.body, nil, nil
	}
	return readParts(multipart.NewReader(bytes.NewReader(c.body), params["boundary"]))
}

func readParts(r *multipart.Reader) ([]byte, []file, error) {
	body, files := []byte("{}"), []file(nil)
	for {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return body, files, nil
		}
		if err != nil {
			return nil, nil, refuse(400, 50035, "Invalid Form Body")
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, nil, refuse(400, 50035, "Invalid Form Body")
		}
		if part.FormName() == "payload_json" {
			body = content
			continue
		}
		id, ok := strings.CutPrefix(part.FormName(), "files[")
		if !ok {
			id = strings.TrimPrefix(part.FormName(), "file")
		}
		files = append(files, file{id: strings.TrimSuffix(id, "]"), name: part.FileName(), kind: part.Header.Get("Content-Type"), size: len(content)})
	}
}

// readDraft reads a message from a request.
func readDraft(c *call) (*draft, error) {
	body, files, err := readBody(c)
	if err != nil {
		return nil, err
	}
	m := &draft{uploads: files}
	if err := decode(body, m); err != nil {
		return nil, err
	}
	return m, m.describe()
}

// describe gives the files their words from `attachments`.
func (m *draft) describe() error {
	f := &form{}
	if m.Attachments == nil {
		return nil
	}
	for n, a := range *m.Attachments {
		f.length(fmt.Sprintf("attachments.%d.description", n), a.Description, 0, 1024)
		at := slices.IndexFunc(m.uploads, func(u file) bool { return u.id == fmt.Sprint(a.ID) })
		if at < 0 {
			continue
		}
		m.uploads[at].description = a.Description
		if a.Name != "" {
			m.uploads[at].name = a.Name
		}
	}
	return f.err()
}

// check is the vendor's validation of a message; old is what it edits.
func (m *draft) check(old *message) error {
	f := &form{}
	v2 := m.has(flagComponentsV2) || (old != nil && old.v2())
	if m.Content != nil {
		f.length("content", *m.Content, 0, 2000)
	}
	if v2 {
		m.onlyComponents(f)
	}
	if m.Embeds != nil {
		checkEmbeds(f, *m.Embeds)
	}
	if m.Components != nil {
		checkComponents(f, *m.Components, v2)
	}
	m.checkNonce(f)
	m.Mentions.check(f)
	if err := f.err(); err != nil {
		return err
	}
	if m.empty(old) {
		return refuse(400, 50006, "Cannot send an empty message")
	}
	return nil
}

func (m *draft) onlyComponents(f *form) {
	const code, words = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", "The 'content' and 'embeds' fields cannot be used when using MessageFlags.IS_COMPONENTS_V2"
	if m.Content != nil && *m.Content != "" {
		f.bad("content", code, words)
	}
	if m.Embeds != nil && len(*m.Embeds) > 0 {
		f.bad("embeds", code, words)
	}
}

func (m *draft) checkNonce(f *form) {
	switch n := m.Nonce.(type) {
	case nil:
	case string:
		f.length("nonce", n, 0, 25)
	case float64:
		m.Nonce = strconv.FormatInt(int64(n), 10)
	default:
		f.bad("nonce", "BASE_TYPE_BAD_TYPE", "Could not interpret it as a string or an integer.")
	}
}

// empty reports whether nothing would be there to see.
func (m *draft) empty(old *message) bool {
	content, embeds, components, files := "", 0, 0, len(m.uploads)
	if old != nil {
		content, embeds, components, files = old.content, len(old.embeds), len(old.components), files+len(old.files)
	}
	if m.Content != nil {
		content = *m.Content
	}
	if m.Embeds != nil {
		embeds = len(*m.Embeds)
	}
	if m.Components != nil {
		components = len(*m.Components)
	}
	return strings.TrimSpace(content) == "" && embeds == 0 && components == 0 && files == 0
}

func (a *allowed) check(f *form) {
	if a == nil {
		return
	}
	f.count("allowed_mentions.users", len(a.Users), 0, 100)
	f.count("allowed_mentions.roles", len(a.Roles), 0, 100)
	for n, word := range a.Parse {
		if !slices.Contains([]string{"users", "roles", "everyone"}, word) {
			f.choices(fmt.Sprintf("allowed_mentions.parse.%d", n), "'users', 'roles', 'everyone'")
		}
	}
	for name, ids := range map[string][]string{"users": a.Users, "roles": a.Roles} {
		if len(ids) > 0 && slices.Contains(a.Parse, name) {
			f.bad("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", fmt.Sprintf(`parse:[%q] and %s: [ids...] are mutually exclusive.`, name, name))
		}
		for n, id := range ids {
			f.snowflake(fmt.Sprintf("allowed_mentions.%s.%d", name, n), id)
		}
	}
}

func (f *form) snowflake(path, id string) {
	if !snowflake(id) {
		f.bad(path, "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not snowflake.", id))
	}
}

func snowflake(id string) bool {
	n, err := strconv.ParseUint(id, 10, 63)
	return err == nil && n > 1<<22
}

// put writes what is there into a message, and those of its flags that may be
// set.
func (m *draft) put(into *message, settable int) {
	if m.Content != nil {
		into.content = strings.TrimSpace(*m.Content)
	}
	if m.Embeds != nil {
		into.embeds = *m.Embeds
	}
	if m.Components != nil {
		into.components = *m.Components
	}
	if m.Flags != nil {
		into.flags = into.flags&^(settable&flagSuppressEmbeds) | *m.Flags&settable
	}
	into.mentions = m.Mentions
}
