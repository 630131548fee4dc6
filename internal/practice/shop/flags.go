package shop

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// flag is as much of a flag in the stream as the shop looks at.
type flag struct {
	On            bool
	OffVariation  *int
	Variations    []any
	Prerequisites []struct {
		Key       string
		Variation int
	}
	Fallthrough struct {
		Variation int
		Rollout   *struct {
			Variations []struct{ Variation, Weight int }
		}
	}
}

// shares are the shares of customers that get each variation.
func shares(flags map[string]flag, key string, deep int) map[int]float64 {
	f, ok := flags[key]
	if !ok || deep > 5 {
		return nil
	}
	out := map[int]float64{}
	met := 1.0
	for _, p := range f.Prerequisites {
		met *= shares(flags, p.Key, deep+1)[p.Variation]
	}
	if !f.On {
		met = 0
	}
	if f.OffVariation != nil {
		out[*f.OffVariation] += 1 - met
	}
	if f.Fallthrough.Rollout == nil {
		out[f.Fallthrough.Variation] += met
		return out
	}
	for _, v := range f.Fallthrough.Rollout.Variations {
		out[v.Variation] += met * float64(v.Weight) / 100000
	}
	return out
}

// flagged is the share of customers that a flag serves true to.
func flagged(flags map[string]flag, key string) float64 {
	out := 0.0
	for n, part := range shares(flags, key, 0) {
		if v := flags[key].Variations; n < len(v) && v[n] == true {
			out += part
		}
	}
	return out
}

// follow reads the stream of flags until the context ends, from the beginning
// whenever it breaks off, as every SDK does.
func (s *Shop) follow(ctx context.Context) {
	again := time.NewTicker(time.Second)
	defer again.Stop()
	for {
		if err := s.readStream(ctx); err != nil && ctx.Err() == nil {
			s.o.Log.Debug("the stream of flags broke off", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

func (s *Shop) readStream(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.o.Flags+"/all", nil)
	if err != nil {
		return fmt.Errorf("make the request: %w", err)
	}
	r.Header.Set("Authorization", s.o.SDKKey)
	res, err := s.client.Do(r)
	if err != nil {
		return fmt.Errorf("open the stream: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("open the stream: status %d", res.StatusCode)
	}
	known := map[string]flag{}
	kind := ""
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			kind = name
		}
		if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := s.hear(known, kind, []byte(data)); err != nil {
				return err
			}
		}
	}
	return lines.Err() //nolint:wrapcheck // it is only logged, with what it is about
}

// hear takes one event of the stream in.
func (s *Shop) hear(known map[string]flag, kind string, data []byte) error {
	var put struct {
		Data struct{ Flags map[string]flag }
	}
	var patch struct {
		Path string
		Data flag
	}
	switch kind {
	case "put":
		if err := json.Unmarshal(data, &put); err != nil {
			return fmt.Errorf("read the flags: %w", err)
		}
		for key, f := range put.Data.Flags {
			known[key] = f
		}
	case "patch":
		if err := json.Unmarshal(data, &patch); err != nil {
			return fmt.Errorf("read a flag: %w", err)
		}
		known[strings.TrimPrefix(patch.Path, "/flags/")] = patch.Data
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.flagged = flagged(known, BadFlag)
	return nil
}
