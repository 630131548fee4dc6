package launchdarkly

import (
	"context"
	"fmt"
	"strconv"

	"mayday/integrations"
)

// probe tells what is true now, after a crash or a timeout. The entry of the
// audit log with our comment is the best evidence; the log may lag behind, so
// that its absence alone proves nothing.
func (t *target) probe(ctx context.Context, p integrations.Plan, _ integrations.Kept) (integrations.Evidence, error) {
	key, to, err := t.planned(p)
	if err != nil {
		return integrations.Evidence{}, err
	}
	s, err := t.read(ctx, key)
	if err != nil {
		return integrations.Evidence{}, err
	}
	news, logErr := t.news(ctx, key, p.Record)
	was, numErr := strconv.Atoi(p.Record[keyWasVersion])
	f := finding{seen: s, to: to, news: news, logged: logErr == nil, was: was, comment: comment(p)}
	if numErr != nil {
		f.was = -1
	}
	return f.evidence(), nil
}

// finding is everything that a probe saw.
type finding struct {
	seen    seen
	to      state
	news    []entry
	logged  bool // the audit log could be read
	was     int  // version that the plan saw
	comment string
}

func (f finding) evidence() integrations.Evidence {
	now := fmt.Sprintf("%s is %s (version %d)", f.seen.Key, f.seen.whole(f.seen.state()), f.seen.Version)
	at := f.ours()
	wanted := f.seen.state().equal(f.to)
	switch {
	case at == 0:
		return yes(now + "; the audit log has my change at " + clock(f.news[0].at()) + " as the last one")
	case at > 0:
		return yes(now + "; the audit log has my change at " + clock(f.news[at].at()) + ", and since then " + f.news[0].sentence())
	case f.seen.Version == f.was:
		return no(now + ", as before the act")
	case wanted && f.logged && f.others():
		return unknown(now + ", which is what was wanted, but " + f.news[0].sentence() + "; my change is not in the audit log")
	case wanted && f.logged:
		return yes(now + ", which is what was wanted; the audit log does not show who did it")
	case wanted:
		return yes(now + ", which is what was wanted; the audit log cannot be read")
	case f.logged && f.others():
		return no(now + ": " + f.news[0].sentence() + "; my change is not in the audit log")
	}
	return unknown(now + ", which is neither what it was nor what was wanted; the audit log does not tell why")
}

// ours is the place of our change among the news, -1 when it is not there.
func (f finding) ours() int {
	for n, e := range f.news {
		if e.Comment == f.comment {
			return n
		}
	}
	return -1
}

// others reports whether somebody else changed the flag since.
func (f finding) others() bool { return len(f.news) > 0 }

func yes(text string) integrations.Evidence {
	return integrations.Evidence{Text: text, Applied: integrations.Yes, Settled: true}
}

func no(text string) integrations.Evidence {
	return integrations.Evidence{Text: text, Applied: integrations.No}
}

func unknown(text string) integrations.Evidence {
	return integrations.Evidence{Text: text, Applied: integrations.Unknown}
}
