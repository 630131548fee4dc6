package slack

import (
	"slices"
	"testing"
	"time"

	practice "mayday/internal/practice/slack"
)

func TestWho(t *testing.T) {
	w := run(t, options{})
	u, err := w.p.Who(t.Context(), practice.Ana)
	if err != nil || u.Guest || u.ID != practice.Ana || u.Name == "" || !slices.Equal(u.Groups, []string{practice.SRE}) || !slices.Equal(u.Named, []string{"sre"}) {
		t.Errorf("Ana is %+v, %v", u, err)
	}
	// It is looked up afresh: who left the group has no rights by it.
	w.s.SetGroup("sre", practice.Li)
	w.clock.move(groupsNow + time.Second)
	if u, err = w.p.Who(t.Context(), practice.Ana); err != nil || len(u.Groups) != 0 || len(u.Named) != 0 {
		t.Errorf("Ana is still in %+v, %v", u, err)
	}
	for _, id := range []string{practice.Gus, practice.Eve} {
		if u, err := w.p.Who(t.Context(), id); err != nil || !u.Guest {
			t.Errorf("%s is %+v, %v", id, u, err)
		}
	}
	if u, err := w.p.Who(t.Context(), "U0NOBODY"); err != nil || !u.Guest {
		t.Errorf("nobody is %+v, %v", u, err)
	}
	for _, id := range []string{practice.BotUser, "x", "S0SRE", ""} {
		if u, err := w.p.Who(t.Context(), id); err == nil {
			t.Errorf("%q is %+v", id, u)
		}
	}
	w.noBreach()
}

func TestWhoInDoubt(t *testing.T) {
	w := run(t, options{})
	for _, f := range []practice.Fault{
		{Kind: practice.Failing, Method: "users.info", Count: 1}, {Kind: practice.Failing, Method: "usergroups.list", Count: 1},
		{Kind: practice.Hang, Method: "users.info", Count: 1}, {Kind: practice.Malformed, Method: "usergroups.list", Count: 1},
	} {
		w.clock.move(time.Minute)
		w.s.Play(f)
		began := time.Now()
		if u, err := w.p.Who(t.Context(), practice.Ana); err == nil {
			t.Errorf("%s of %s: %+v", f.Kind, f.Method, u)
		}
		if took := time.Since(began); took > whoTimeout+time.Second {
			t.Errorf("it took %s", took)
		}
	}
	if u, err := w.p.Who(t.Context(), practice.Ana); err != nil || u.Guest {
		t.Errorf("once Slack answers: %+v, %v", u, err)
	}
}

func TestMentionsAreTakenOff(t *testing.T) {
	for in, want := range map[string]string{
		"<@U0BOT> update all good": "update all good", "<@U0BOT|mayday>  update": "update", "hey <@U0BOT> update": "hey  update", "<@U0ANA> own": "<@U0ANA> own", "": "",
	} {
		if got := afterMention(in, "U0BOT"); got != want {
			t.Errorf("afterMention(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestWhatSomebodyWroteIsHeard(t *testing.T) {
	w := run(t, options{})
	for in, want := range map[string]string{
		"own <@U0LI|li>":                                  "own @li",
		"own <@U0NOBODY|zoe>":                             "own @zoe",
		"page <!subteam^S0SRE|@sre> now":                  "page @sre now",
		"page <!subteam^S0LEADS>":                         "page @sre-leads",
		"see <#C0OPS|operations>":                         "see #operations",
		"<!here> <!channel>":                              "@here @channel",
		"at <!date^1392734382^{time}|14:02 UTC>":          "at 14:02 UTC",
		"<https://a.example/x?a=1&amp;b=2>":               "https://a.example/x?a=1&b=2",
		"<https://a.example|the board>":                   "the board (https://a.example)",
		"<https://a.example|a.example>":                   "https://a.example",
		"<mailto:a@b.example|a@b.example>":                "a@b.example",
		"1 &lt; 2 &amp;&amp; 3 &gt; 2, &amp;lt;b&amp;gt;": "1 < 2 && 3 > 2, &lt;b&gt;",
		"no <mark": "no <mark",
	} {
		if got := w.p.heard(t.Context(), in); got != want {
			t.Errorf("heard(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestANameOnlyCountsWhereItIsTheOnlyOne: two groups with one handle give nobody
// rights by it.
func TestANameOnlyCountsWhereItIsTheOnlyOne(t *testing.T) {
	all := []group{{ID: "S1", Handle: "sre", Users: []string{"U1"}}, {ID: "S2", Handle: "sre"}, {ID: "S3", Handle: "S0LEADS", Users: []string{"U1"}}, {ID: "S4", Handle: "db", Users: []string{"U1"}}}
	u := user(member{id: "U1"}, all)
	if !slices.Equal(u.Groups, []string{"S1", "S3", "S4"}) || !slices.Equal(u.Named, []string{"db"}) {
		t.Errorf("got %+v", u)
	}
}

// TestABurstIsNoReasonToDeny: the people of a group that gives a role are known
// before they press, all at once.
func TestABurstIsNoReasonToDeny(t *testing.T) {
	w := build(t, options{groups: []string{"sre"}})
	var all []string
	for n := range 50 {
		id := "U0P" + string(rune('A'+n/26)) + string(rune('A'+n%26))
		w.s.AddPerson(id, id)
		all = append(all, id)
	}
	w.s.SetGroup("sre", all...)
	w.p.pace.recheck = 100 * time.Millisecond
	w.begin()
	w.await("they are known", func() bool { _, ok := w.p.people.members.Get(all[49]); return ok })
	w.s.Play(practice.Fault{Kind: practice.Limited, Method: "users.info", RetryAfter: 60})
	w.clock.move(personFresh + time.Minute)
	for n, id := range all {
		if u := w.p.people.who(t.Context(), id, practice.Team, ""); u.Guest || len(u.Groups) != 1 {
			t.Fatalf("the %dth is %+v", n+1, u)
		}
	}
}
