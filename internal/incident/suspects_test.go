package incident

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRankOfTwoInOneSecond(t *testing.T) {
	before := Suspect{Source: "k8s", ID: "web/1", Kind: SuspectDeploy, Service: "checkout", At: noon}
	now := Suspect{Source: "k8s", ID: "web/2", Kind: SuspectDeploy, Service: "checkout", At: noon, Offer: &Offer{Label: "Roll back checkout", Playbook: "rollback"}}
	if got := Rank("checkout", noon, []Suspect{before, now}); got[0].ID != now.ID {
		t.Errorf("got %s first, want what can be put back", got[0].ID)
	}
}

func TestRank(t *testing.T) {
	onset := noon
	ago := func(d time.Duration) time.Time { return onset.Add(-d) }
	deploy := Suspect{Source: "k8s", ID: "d", Kind: SuspectDeploy, Service: "checkout", At: ago(9 * time.Minute), What: "rev 41"}
	told := Suspect{Source: "changes", ID: "ci-7", Kind: SuspectDeploy, Service: "checkout", At: ago(10 * time.Minute), Who: "ci", Why: "cart v2",
		Offer: &Offer{Label: "Roll back checkout", Playbook: "rollback"}}
	flag := Suspect{Source: "ld", ID: "f", Kind: SuspectFlag, Service: "checkout", At: ago(21 * time.Minute)}
	near := Suspect{Source: "k8s", ID: "n", Kind: SuspectDeploy, Service: "cart", At: ago(time.Minute)}
	same := Suspect{Source: "k8s", ID: "c", Kind: SuspectConfig, Service: "checkout", At: ago(21 * time.Minute)}
	late := Suspect{Source: "k8s", ID: "l", Kind: SuspectDeploy, Service: "checkout", At: onset.Add(3 * time.Minute)}
	justAfter := Suspect{Source: "k8s", ID: "j", Kind: SuspectScale, Service: "checkout", At: onset.Add(time.Minute)}

	got := Rank("checkout", onset, []Suspect{near, same, flag, late, deploy, told, justAfter, flag})
	var ids []string
	for _, s := range got {
		ids = append(ids, s.ID)
	}
	if diff := cmp.Diff([]string{"j", "ci-7", "f", "c", "n"}, ids); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	if one := got[1]; one.Who != "ci" || one.Offer == nil || one.Why != "cart v2" {
		t.Errorf("a deploy told twice: got %+v, want who, why and offer in one", one)
	}
}

func TestSuspectsAreNewsOnce(t *testing.T) {
	i := &Incident{Number: 1, State: Investigating, OpenedAt: noon}
	found := Suspicion{Asked: 2, Suspects: []Suspect{{Source: "k8s", ID: "d", What: "checkout rev 41", At: noon.Add(-9 * time.Minute)}}}
	c, err := SeeSuspects(found)(View{Now: noon, Incident: i})
	if err != nil || len(c.Entries) != 1 {
		t.Fatalf("first look: got %d entries, %v, want 1", len(c.Entries), err)
	}
	if got, want := c.Entries[0].Text, "Changed before it began: checkout rev 41 at 11:51."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	i.Suspicion = &found
	if c, _ := SeeSuspects(found)(View{Now: noon, Incident: i}); len(c.Entries) != 0 {
		t.Errorf("the same look again wrote %d entries, want 0", len(c.Entries))
	}
	if c, _ := SeeSuspects(Suspicion{})(View{Now: noon, Incident: i}); len(c.Entries) != 0 {
		t.Errorf("with nothing connected %d entries were written, want 0", len(c.Entries))
	}
	i.State = Resolved
	found.Suspects = nil
	if c, _ := SeeSuspects(found)(View{Now: noon, Incident: i}); len(c.Entries) != 0 {
		t.Errorf("a resolved incident got %d entries, want 0", len(c.Entries))
	}
}
