package slack

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"mayday/bot/chat"
)

var (
	userID    = regexp.MustCompile(`^[UW][A-Z0-9]+$`)
	groupID   = regexp.MustCompile(`^S[A-Z0-9]+$`)
	channelID = regexp.MustCompile(`^[CGD][A-Z0-9]{2,}$`)
	teamID    = regexp.MustCompile(`^[TE][A-Z0-9]+$`)
	stamp     = regexp.MustCompile(`^[0-9]{1,12}\.[0-9]{1,9}$`)
)

func isUser(s string) bool    { return userID.MatchString(s) }
func isGroup(s string) bool   { return groupID.MatchString(s) }
func isChannel(s string) bool { return channelID.MatchString(s) }
func isTeam(s string) bool    { return teamID.MatchString(s) }
func isStamp(s string) bool   { return stamp.MatchString(s) }

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// escape makes the words of `text` inert: nothing in them calls or links. It cuts
// before it escapes, so that no escape is cut.
func escape(s string, limit int) string {
	var b strings.Builder
	left := limit
	for _, r := range s {
		piece := escaper.Replace(string(r))
		if left -= len([]rune(piece)); left < 1 {
			return strings.TrimRight(b.String(), " \n") + "…"
		}
		b.WriteString(piece)
	}
	return b.String()
}

// words are cleaned line by line: the breaks between lines stay.
func words(s string) string {
	lines := strings.Split(s, "\n")
	for n, l := range lines {
		lines[n] = chat.Clean(l)
	}
	return strings.Join(lines, "\n")
}

// safeURL answers an address that is http or https and nothing else, with all
// characters encoded that could end a link in Slack's markup.
func safeURL(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return "", false
	}
	var b strings.Builder
	for _, r := range u.String() {
		switch {
		case unicode.IsControl(r), unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return "", false
		case strings.ContainsRune("<>|\\`\"", r):
			fmt.Fprintf(&b, "%%%02X", r)
		default:
			b.WriteRune(r)
		}
	}
	if b.Len() > maxURL {
		return "", false
	}
	return b.String(), true
}

func orDash(s string) string {
	if strings.TrimSpace(s) == "" {
		return "–"
	}
	return s
}
