package incident

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Seal is the keyed hash of an entry. It covers the seal of the entry before,
// so that an edit, a deletion or another order anywhere breaks the chain (P19).
func Seal(key []byte, number int64, e Entry) (string, error) {
	body, err := EncodeBody(e.Body)
	if err != nil {
		return "", err
	}
	return SealRaw(key, number, e, body)
}

// SealRaw is Seal over the body's stored bytes, for a reader that must not
// depend on how today's code would encode it.
func SealRaw(key []byte, number int64, e Entry, body []byte) (string, error) {
	sealed, err := json.Marshal(struct {
		Incident int64           `json:"incident"`
		Seq      int64           `json:"seq"`
		At       int64           `json:"at"` // microseconds, as stored
		Actor    string          `json:"actor"`
		Via      string          `json:"via"`
		Text     string          `json:"text"`
		Step     string          `json:"step"`
		Refs     []string        `json:"refs"`
		Quiet    bool            `json:"quiet"`
		Kind     string          `json:"kind"`
		Body     json.RawMessage `json:"body"`
		Prev     string          `json:"prev"`
	}{number, e.Seq, e.At.UnixMicro(), e.Actor, e.Via, e.Text, e.Step, e.Refs, e.Quiet, e.Kind(), body, e.PrevHMAC})
	if err != nil {
		return "", fmt.Errorf("seal entry %d: %w", e.Seq, err)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(sealed)
	return hex.EncodeToString(mac.Sum(nil)), nil
}

// Verify walks a timeline and answers the first entry whose seal is wrong.
func Verify(key []byte, number int64, entries []Entry) error {
	prev := ""
	for n, e := range entries {
		if e.Seq != int64(n+1) {
			return fmt.Errorf("verify %s: entry %d stands in place %d", FormatID(number), e.Seq, n+1)
		}
		if e.PrevHMAC != prev {
			return fmt.Errorf("verify %s: entry %d does not follow the one before", FormatID(number), e.Seq)
		}
		want, err := Seal(key, number, e)
		if err != nil {
			return err
		}
		if !hmac.Equal([]byte(want), []byte(e.HMAC)) {
			return fmt.Errorf("verify %s: entry %d was changed", FormatID(number), e.Seq)
		}
		prev = e.HMAC
	}
	return nil
}
