package incident

import "fmt"

// Fold applies one entry. It answers a new incident and leaves the old one as
// it was. Entries come in order of Seq; one that was folded already changes
// nothing, so a replay is harmless.
func Fold(i *Incident, e Entry) (*Incident, error) {
	if i == nil {
		i = &Incident{}
	}
	if e.Seq <= i.Seq {
		return i, nil
	}
	if e.Seq != i.Seq+1 {
		return i, fmt.Errorf("fold %s: entry %d follows %d", i.ID(), e.Seq, i.Seq)
	}
	next := i.Clone()
	foldInto(next, e)
	return next, nil
}

// FoldAll folds a whole timeline.
func FoldAll(number int64, entries []Entry) (*Incident, error) {
	i := &Incident{Number: number}
	for _, e := range entries {
		if e.Seq != i.Seq+1 {
			return nil, fmt.Errorf("fold %s: entry %d follows %d", i.ID(), e.Seq, i.Seq)
		}
		foldInto(i, e)
	}
	return i, nil
}

// foldInto changes i in place; callers own i.
func foldInto(i *Incident, e Entry) {
	owner := i.Owner
	if e.Body != nil {
		e.Body.fold(i, e)
	}
	if i.Owner != owner {
		i.OwnerVia = ""
	}
	if e.Via != "" && e.Actor == i.Owner {
		i.OwnerVia = e.Via
	}
	i.Seq = e.Seq
	i.LastHMAC = e.HMAC
}

// Append seals entries onto an incident and folds them: the one way in which a
// change becomes state. It answers the incident after and the sealed entries.
func Append(key []byte, number int64, before *Incident, now View, entries []Entry) (*Incident, []Entry, error) {
	after := before.Clone()
	if after == nil {
		after = &Incident{Number: number}
	}
	sealed := make([]Entry, len(entries))
	for n, e := range entries {
		e.Seq = after.Seq + 1
		e.At = now.Now
		e.PrevHMAC = after.LastHMAC
		seal, err := Seal(key, number, e)
		if err != nil {
			return nil, nil, err
		}
		e.HMAC = seal
		foldInto(after, e)
		sealed[n] = e
	}
	return after, sealed, nil
}
