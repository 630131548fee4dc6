package slack

import (
	"context"
	"regexp"
	"strings"
	"time"
)

var (
	mark     = regexp.MustCompile(`<([^<>\n]*)>`)
	entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&")
)

const (
	namesMost   = 5
	nameTimeout = 700 * time.Millisecond
)

// heard is what somebody wrote, as they saw it: marks become the names and
// addresses that they stand for.
func (p *platform) heard(ctx context.Context, text string) string {
	ctx, cancel := context.WithTimeout(ctx, nameTimeout)
	defer cancel()
	asked := 0
	text = mark.ReplaceAllStringFunc(text, func(m string) string {
		target, label, _ := strings.Cut(m[1:len(m)-1], "|")
		if id, ok := strings.CutPrefix(target, "@"); ok && isUser(id) {
			if asked++; asked <= namesMost {
				if who, err := p.people.look(ctx, id); err == nil {
					return "@" + who.name
				}
			}
			if label == "" {
				label = id
			}
		}
		return unmarked(target, label, p.people.handle)
	})
	return entities.Replace(text)
}

// unmarked is the words of a mark.
func unmarked(target, label string, handle func(id string) string) string {
	switch {
	case strings.HasPrefix(target, "@"), strings.HasPrefix(target, "#"):
		if label == "" {
			label = target[1:]
		}
		return target[:1] + strings.TrimLeft(label, "@#")
	case strings.HasPrefix(target, "!subteam^"):
		if label == "" {
			label = handle(strings.TrimPrefix(target, "!subteam^"))
		}
		return "@" + strings.TrimPrefix(label, "@")
	case strings.HasPrefix(target, "!date^"):
		return label
	case strings.HasPrefix(target, "!"):
		return "@" + target[1:]
	case label != "" && !strings.Contains(target, label):
		return label + " (" + strings.TrimPrefix(target, "mailto:") + ")"
	}
	return strings.TrimPrefix(target, "mailto:")
}

// handle is the name of a group, its id when it is not known.
func (p *people) handle(id string) string {
	all, _ := p.cached()
	for _, g := range all {
		if g.ID == id {
			return g.Handle
		}
	}
	return id
}

// afterMention takes the mention of the bot off the front.
func afterMention(text, bot string) string {
	text = strings.TrimSpace(text)
	if m := mark.FindStringIndex(text); m != nil && m[0] == 0 {
		target, _, _ := strings.Cut(text[1:m[1]-1], "|")
		if target == "@"+bot || bot == "" && strings.HasPrefix(target, "@") {
			return strings.TrimSpace(text[m[1]:])
		}
	}
	return strings.TrimSpace(strings.ReplaceAll(text, "<@"+bot+">", ""))
}
