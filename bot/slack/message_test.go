package slack

import (
	"time"

	"mayday/bot/chat"
)

// card is a root card of an incident.
func card(key string) chat.Message {
	m := chat.Message{Key: key, Kind: "card", Incident: "INC-42", Tone: chat.ToneSEV2, Silent: true,
		Buttons: []chat.Button{
			{ID: key + "-own", Label: "I'm on it", Verb: "own", Style: chat.Primary},
			{ID: key + "-post", Label: "Post first status", Verb: "update", Style: chat.Plain},
			{ID: key + "-run", Label: "Run playbook", Verb: "run", Style: chat.Plain},
		},
		More: []chat.Button{{ID: key + "-sev", Label: "Change SEV", Verb: "severity"}, {ID: key + "-page", Label: "Page someone", Verb: "page"}},
	}
	m.Lines = []chat.Line{
		chat.L(chat.Strong("◆ SEV2"), " ", chat.Strong("checkout: errors 12% (usual 0.3%)"), " · INC-42"),
		chat.L("Users: paying fails for some; browsing works."),
		chat.L("investigating · owner: nobody yet · since ", chat.At(time.Unix(1700000000, 0))),
		chat.L("first update due ", chat.At(time.Unix(1700000600, 0))),
	}
	return m.Finish()
}

func note(key, text string) chat.Message {
	return chat.Message{Key: key, Kind: "note", Lines: []chat.Line{chat.L(text)}}.Finish()
}

func say(lines ...any) chat.Message {
	m := chat.Message{Key: "answer", Kind: "note", Ephemeral: true}
	for _, l := range lines {
		m.Lines = append(m.Lines, chat.L(l))
	}
	return m.Finish()
}
