package slack

import (
	"context"
	"errors"
	"strconv"
	"time"

	slackgo "github.com/slack-go/slack"

	"mayday/bot/chat"
)

const (
	// lookBack covers clocks that differ.
	lookBack    = 2 * time.Minute
	repliesPage = 200
	repliesMost = 10 // pages
)

// again decides about a message that may stand already. Where history may be read
// the message is looked for by its key: the answer is where it stands, or nothing,
// and then it goes out unmarked. Elsewhere it is sent once more with a mark, but
// not before Slack answers at all: else every try would be in doubt.
func (p *platform) again(ctx context.Context, channel, thread string, m *chat.Message) (string, error) {
	if p.own.History {
		ts, err := p.find(ctx, channel, thread, *m)
		if err == nil {
			m.Tried = time.Time{}
			return ts, nil
		}
		if t := troubleOf(err); t == nil || t.local || t.limited() || t.status == 0 {
			return "", unsent(err)
		}
		p.log.Warn("history cannot be read, the repeat is marked", "err", err)
	}
	if _, err := p.self.ask(ctx, nil); err != nil {
		return "", unsent(err)
	}
	return "", nil
}

// unsent is the failure of something that was asked before a send.
func unsent(err error) error {
	err = failed(err, dest{})
	var f *chat.Failure
	if errors.As(err, &f) && f.Kind != chat.Limited {
		return &chat.Failure{Kind: chat.Down, After: f.After, Err: f.Err}
	}
	return err
}

// page is a part of a thread or of a channel.
type page struct {
	Messages []struct {
		TS       string `json:"ts"`
		BotID    string `json:"bot_id"`
		Metadata struct {
			Type    string         `json:"event_type"`
			Payload map[string]any `json:"event_payload"`
		} `json:"metadata"`
	} `json:"messages"`
	More bool `json:"has_more"`
	Meta struct {
		Next string `json:"next_cursor"`
	} `json:"response_metadata"`
}

// find looks for the message with the key, "" when it does not stand.
func (p *platform) find(ctx context.Context, channel, thread string, m chat.Message) (string, error) {
	oldest := strconv.FormatInt(m.Tried.Add(-lookBack).Unix(), 10)
	cursor := ""
	for range repliesMost {
		got, err := p.read(ctx, channel, thread, oldest, cursor, m.Weight)
		if err != nil {
			return "", err
		}
		for _, one := range got.Messages {
			if one.Metadata.Type == metadataType && one.Metadata.Payload["key"] == m.Key && isStamp(one.TS) {
				return one.TS, nil
			}
		}
		if cursor = got.Meta.Next; cursor == "" || !got.More {
			break
		}
	}
	return "", nil
}

func (p *platform) read(ctx context.Context, channel, thread, oldest, cursor string, w chat.Weight) (page, error) {
	var out page
	c := call{method: methodHistory, weight: w, out: &out, with: func(ctx context.Context, c *slackgo.Client) error {
		_, err := c.GetConversationHistoryContext(ctx, &slackgo.GetConversationHistoryParameters{
			ChannelID: channel, Oldest: oldest, Cursor: cursor, Limit: repliesPage, IncludeAllMetadata: true})
		return err
	}}
	if thread != "" {
		c.method, c.with = methodReplies, func(ctx context.Context, c *slackgo.Client) error {
			_, _, _, err := c.GetConversationRepliesContext(ctx, &slackgo.GetConversationRepliesParameters{
				ChannelID: channel, Timestamp: thread, Oldest: oldest, Cursor: cursor, Limit: repliesPage, IncludeAllMetadata: true})
			return err
		}
	}
	err := p.api.do(ctx, c)
	return out, err
}
