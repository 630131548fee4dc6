package chat

import (
	"strings"

	"mayday/internal/fault"
)

// Refusal is the one place where an error becomes words for people.
func Refusal(err error) Message {
	f := fault.Of(err)
	m := Message{Kind: "error", Key: "error", Ephemeral: true, Code: f.Code, Tone: ToneBad}
	for _, l := range strings.Split(f.Text(), "\n") {
		m.Lines = append(m.Lines, L(l))
	}
	return m.Finish()
}
