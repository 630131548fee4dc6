package slack

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// upload is a file between its three calls.
type upload struct {
	id, name string
	length   int
	body     []byte
	done     bool
}

func (s *Slack) getUploadURL(c *call) (object, error) {
	n, err := strconv.Atoi(c.args["length"])
	if err != nil || n <= 0 || c.args["filename"] == "" {
		return nil, refuse("invalid_arguments", "[ERROR] missing required field: filename, length")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	u := &upload{id: s.id("F"), name: c.args["filename"], length: n}
	s.uploads[u.id] = u
	return object{"upload_url": s.address(c.Request) + "/upload/v1/" + u.id, "file_id": u.id}, nil
}

// address is the base as the caller knows it.
func (s *Slack) address(r *http.Request) string {
	if s.base != "" {
		return s.base
	}
	return "http://" + r.Host
}

func (s *Slack) receiveUpload(w http.ResponseWriter, r *http.Request) {
	one := &Call{At: s.now(), Method: ToUpload}
	s.audit.note(one)
	fault := s.script.take(ToUpload)
	if fault != nil && s.suffer(w, r, one, fault) {
		return
	}
	status, said := http.StatusOK, ""
	body, err := uploaded(w, r)
	if err == nil {
		said, err = s.keepUpload(strings.TrimPrefix(r.URL.Path, "/upload/v1/"), body)
	}
	if err != nil {
		status, said = http.StatusBadRequest, err.Error()
	}
	if fault != nil && fault.Kind == LoseReply {
		cut(w)
		return
	}
	s.write(w, one, status, "text/plain; charset=utf-8", []byte(said))
}

func (s *Slack) keepUpload(id string, body []byte) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.uploads[id]
	if u == nil {
		return "", errors.New("no such upload")
	}
	if len(body) != u.length {
		s.audit.breach("a file of %d bytes was uploaded, %d were announced", len(body), u.length)
		return "", errors.New("wrong length")
	}
	u.body = body
	return "OK - " + strconv.Itoa(len(body)), nil
}

// uploaded reads the bytes, which come bare or as the file of a form.
func uploaded(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestUpload))
	if err != nil {
		return nil, err
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return raw, nil //nolint:nilerr // no form: the bytes are the file
	}
	_, files, err := multipartForm(raw, params["boundary"])
	if err != nil || len(files) != 1 {
		return nil, errors.New("no file")
	}
	return files[0], nil
}

func multipartForm(body []byte, boundary string) (url.Values, [][]byte, error) {
	fields := url.Values{}
	var files [][]byte
	for r := multipart.NewReader(bytes.NewReader(body), boundary); ; {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, files, nil
		}
		if err != nil {
			return nil, nil, err
		}
		raw, err := io.ReadAll(part)
		if err != nil {
			return nil, nil, err
		}
		if part.FileName() != "" {
			files = append(files, raw)
			continue
		}
		fields.Add(part.FormName(), string(raw))
	}
}

func (s *Slack) completeUpload(c *call) (object, error) {
	var given []struct{ ID, Title string }
	if json.Unmarshal([]byte(c.args["files"]), &given) != nil || len(given) == 0 {
		return nil, refuse("invalid_arguments", "[ERROR] missing required field: files")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range given {
		u := s.uploads[f.ID]
		if u == nil || u.done {
			return nil, refuse("file_not_found")
		}
		if u.body == nil {
			return nil, refuse("file_update_failed")
		}
	}
	room, err := s.sharedIn(c)
	if err != nil {
		return nil, err
	}
	files := []object{}
	m := &message{text: c.args["initial_comment"], user: BotUser, thread: c.args["thread_ts"]}
	for _, f := range given {
		u := s.uploads[f.ID]
		u.done = true
		one := File{ID: u.id, Name: u.name, Title: f.Title, Body: u.body, At: s.now(), Comment: m.text, ThreadTS: m.thread}
		if room != nil {
			one.Channel = room.id
		}
		s.files = append(s.files, one)
		m.files = append(m.files, u.name)
		files = append(files, object{"id": u.id, "title": f.Title})
	}
	if room != nil {
		m.ts, m.channel = s.ts(), room.id
		s.add(room, m)
		s.publicChange(m)
	}
	return object{"files": files}, nil
}

// sharedIn is the channel that files are shared in; nil for none.
func (s *Slack) sharedIn(c *call) (*channel, error) {
	id := c.args["channel_id"]
	if id == "" {
		return nil, nil
	}
	room, err := s.place(id)
	if err != nil {
		return nil, err
	}
	if at := c.args["thread_ts"]; at != "" && room.message(at) == nil {
		return nil, refuse("invalid_thread_ts")
	}
	return room, nil
}
