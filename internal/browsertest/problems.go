package browsertest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// problems collects what would be red in the browser's console.
type problems struct {
	mu    sync.Mutex
	found []string
}

func watch(ctx context.Context) *problems {
	p := &problems{}
	chromedp.ListenTarget(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			p.add(e.ExceptionDetails.Error())
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.APITypeError {
				p.add(consoleText(e))
			}
		case *log.EventEntryAdded:
			if e.Entry.Level == log.LevelError {
				p.add(strings.TrimSpace(e.Entry.Text + " " + e.Entry.URL))
			}
		}
	})
	return p
}

func (p *problems) add(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.found = append(p.found, text)
}

func (p *problems) list() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.found)
}

func consoleText(e *runtime.EventConsoleAPICalled) string {
	words := make([]string, 0, len(e.Args))
	for _, arg := range e.Args {
		words = append(words, strings.Trim(string(arg.Value), `"`))
	}
	return fmt.Sprint("console: ", strings.Join(words, " "))
}
