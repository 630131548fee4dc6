package playbooks

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	head    = "name: x\nsay: s\n"
	found   = "  - pg.list_queries: {on: payments-db}\n    id: found\n    pick: many\n"
	checked = "  - web.check: shop\n    id: web\n"
	asksDB  = "name: y\nsay: s\nask: [db]\nsteps:\n  - pg.list_queries: {on: $db}\n"
)

// steps begin on line 4 of a file that is made of head and them.
func steps(lines ...string) string { return head + "steps:\n" + strings.Join(lines, "") }

// when is a step with a `when` on line 7, column 11, after a look called web.
func when(expression string) string {
	return steps(checked, "  - tell: x\n    when: "+expression+"\n")
}

// each case: the file x.yaml, and all that is said about it. The first step of
// a file stands on line 4.
type lintCase struct {
	name, file string
	want       []string
}

var lintCases = []lintCase{
	{"key of a file", head + "stepz: [{tell: x}]\n", []string{"3:1: unknown key `stepz`. Did you mean `steps`?"}},
	{"key of a step", steps("  - tell: x\n    optinal: true\n"), []string{"5:5: unknown key `optinal`. Did you mean `optional`?"}},
	{"key that is no kind", steps("  - tel: x\n"), []string{"4:5: unknown key `tel`. Did you mean `tell`?"}},
	{"action", steps("  - pg.cancle: {on: payments-db}\n"), []string{"4:5: unknown action `pg.cancle`. Did you mean `pg.cancel`?"}},
	{"no kind", steps("  - say: nothing\n"), []string{"4:5: this step does nothing. Give it an action like `pg.cancel`, or one of run, tell, choose, undo, exec."}},
	{"two kinds", steps("  - tell: x\n    pg.cancel: {on: payments-db}\n"), []string{"5:5: a step does one thing, and this one has `tell` and `pg.cancel`. Make two steps of it."}},
	{"key twice", steps("  - tell: x\n    tell: y\n"), []string{"5:5: `tell` stands twice in the same map."}},

	{"parameter", steps("  - pg.list_queries: {onn: payments-db}\n"), []string{"4:23: unknown parameter `onn`. Did you mean `on`?"}},
	{"missing parameter", steps("  - pg.list_queries: {}\n"), []string{"4:5: `pg.list_queries` needs `on`, the name of a connection."}},
	{"no parameters", steps("  - pg.list_queries:\n"), []string{"4:5: `pg.list_queries` has no value. Give it its parameters, or {} for none."}},
	{"empty parameter", steps("  - pg.list_queries: {on: }\n"), []string{"4:23: `on` has no value. Give it one, or leave the key out."}},
	{"duration", steps("  - pg.list_queries: {on: payments-db, older_than: five}\n"), []string{"4:52: `older_than` is a duration like 5m, not \"five\"."}},
	{"number as text", steps("  - pg.list_queries: {on: payments-db, max: '3'}\n"), []string{"4:45: `max` is a whole number, not \"3\"."}},
	{"text as number", steps("  - k8s.scale: {deployment: 5, replicas: 1}\n"), []string{"4:29: `deployment` is text, not 5. Put it in quotes: '5'."}},
	{"one of", steps("  - web.call: {on: shop, method: GETT}\n"), []string{"4:34: `method` is one of GET, POST, not \"GETT\". Did you mean `GET`?"}},
	{"leading dash", steps("  - k8s.scale: {deployment: '-x', replicas: 1}\n"), []string{"4:29: `deployment` must not begin with a dash."}},
	{"map in a map", steps("  - web.call: {on: shop, body: {b: {c: d}}}\n"), []string{"4:36: `b` takes plain values, and here is a map."}},
	{"connection", steps("  - pg.list_queries: {on: payment-db}\n"), []string{"4:27: unknown connection `payment-db`. Did you mean `payments-db`?"}},
	{"connection of another", steps("  - pg.list_queries: shop\n"), []string{"4:22: unknown connection `shop`. There is orders-db, payments-db."}},
	{"no connection", steps("  - mq.purge: {on: rabbit, queue: q}\n"), []string{"4:20: no connection of `mq` is configured, so `rabbit` is none. Add it to the configuration, or ask for it."}},
	{"danger without verify", head + "ask: [on]\nsteps:\n  - mq.purge: {on: $on, queue: q}\n", []string{"5:5: warning: `mq.purge` is a danger step, and nothing checks afterwards that it helped. `verify` will do that."}},

	{"list for one", steps(found, "  - pg.cancel: {on: payments-db, session: $found.picked}\n"), []string{"7:43: a list where one item is wanted: `$found.picked` is several, `session` is one. Add `each: $found.picked`, pass `$each`."}},
	{"list for one, with each", steps(found, "  - pg.cancel: {on: payments-db, session: $found.picked}\n    each: $found.picked\n"), []string{"7:43: a list where one item is wanted: `$found.picked` is several, `session` is one. Add `each: $found.picked`, pass `$each`."}},
	{"column of a list", steps(found, "  - k8s.rollback: $found.picked.app\n"), []string{"7:19: `$found.picked.app` takes one item out of a list. Add `each: $found.picked`, pass `$each.app`."}},
	{"$each alone", steps(found, "  - pg.cancel: {on: payments-db, session: $each}\n"), []string{"7:43: `$each` is one item of `each:`, and there is no `each:` here. Add `each: $found.picked` with the step that was picked from."}},
	{"each over one", steps(strings.Replace(found, "many", "one", 1), "  - pg.cancel: {on: payments-db, session: $each}\n    each: $found.picked\n"), []string{"8:11: `$found.picked` is one item, and `each` repeats over a list. Pass `$found.picked` and leave `each` out, or write `pick: many`."}},
	{"each over a number", steps(found, "  - pg.cancel: {on: payments-db, session: $each}\n    each: $found.count\n"), []string{"8:11: `each` repeats over rows, and `$found.count` is a whole number."}},
	{"each without $each", steps(found, "  - k8s.rollback: cart\n    each: $found.picked\n"), []string{"8:11: `each` would repeat the very same act, because nothing in it is `$each`. Pass `$each` to the parameter that takes the item."}},
	{"each is a word", steps(found, "  - pg.cancel: {on: payments-db, session: $each}\n    each: found\n"), []string{"8:11: `each` is a reference to rows, not \"found\". Write it as `each: $found.picked`."}},
	{"column", steps(found, "  - k8s.rollback: $each.ap\n    each: $found.picked\n"), []string{"7:19: unknown column `ap` of `$each.ap`. Did you mean `app`?"}},
	{"type of a column", steps(found, "  - k8s.rollback: $each.pid\n    each: $found.picked\n"), []string{"7:19: `deployment` is text, and `$each.pid` is a whole number."}},
	{"pause without each", steps("  - k8s.rollback: cart\n    pause: 1s\n"), []string{"5:5: `pause` needs `each`."}},
	{"max over the limit", steps(found, "  - pg.cancel: {on: payments-db, session: $each}\n    each: $found.picked\n    max: 500\n"), []string{"9:10: `max` is 1 to 200, not 500."}},

	{"step", steps(found, "  - pg.cancel: {on: payments-db, session: $fond.picked}\n"), []string{"7:43: unknown step or input `$fond`. Did you mean `found`?"}},
	{"output", steps(found, "  - pg.cancel: {on: payments-db, session: $found.pickd}\n"), []string{"7:43: unknown output `pickd` of `found` (pg.list_queries). Did you mean `picked`?"}},
	{"picked without pick", steps("  - pg.list_queries: payments-db\n    id: found\n", "  - pg.cancel: {on: payments-db, session: $found.picked}\n"), []string{"6:43: `found` has nothing picked, because it has no `pick`. Add `pick: one` or `pick: many` to it."}},
	{"whole step", steps(found, "  - k8s.rollback: $found\n"), []string{"7:19: `$found` is a step, not a value. Write one of its outputs: $found.count, $found.outcome, $found.picked, $found.rows."}},
	{"forwards", steps("  - pg.cancel: {on: payments-db, session: $found.picked}\n", found), []string{"4:43: the step `found` comes later, or is this one, so `$found.picked` has no value here."}},
	{"into another option", steps("  - choose: What?\n    options:\n      - label: A\n        steps: [{web.check: shop, id: w}]\n      - label: B\n        steps: [{tell: $w.status}]\n"), []string{"9:24: the step `w` stands in another option, so `$w.status` has no value here. Write `$$w.status` for a plain dollar sign."}},
	{"inside a longer text", steps("  - k8s.scale: {deployment: 'inventory:$service', replicas: 1}\n"), []string{"4:29: a reference is a whole value, and `deployment` puts `$service` into a longer text. Write `deployment: $service`."}},
	{"type of a reference", steps("  - k8s.scale: {deployment: $service, replicas: $service}\n"), []string{"4:49: `replicas` is a whole number, and `$service` is text."}},
	{"incident", steps("  - k8s.rollback: $incident.sevrity\n"), []string{"4:19: the incident has no `sevrity`. Did you mean `severity`?"}},
	{"id twice", steps(found, found), []string{"8:9: the id `found` stands twice. Give one of the steps another."}},
	{"id hides an input", head + "ask: [found]\nsteps:\n" + found, []string{"6:9: the id `found` hides the input of that name. Give the step another id."}},
	{"id with a meaning", steps("  - tell: x\n    id: incident\n"), []string{"5:9: `incident` has a meaning of its own and cannot be an id."}},
	{"id of capitals", steps("  - tell: x\n    id: Found\n"), []string{"5:9: an id has a-z, 0-9 and _, and begins with a letter; \"Found\" does not."}},
	{"may be skipped: when", steps(strings.TrimRight(checked, "\n"), "\n    when: incident.minutes > 3\n  - tell: status $web.status\n"), []string{"7:11: warning: `web` may have been skipped: it has a `when`."}},
	{"may be skipped: option", steps("  - choose: What?\n    options:\n      - label: A\n        steps: [{web.check: shop, id: w}]\n      - label: B\n  - tell: status $w.status\n"), []string{"9:11: warning: `w` may have been skipped: it stands in the option \"A\"."}},
	{"plain dollar", steps("  - tell: $nope and $5\n"), []string{"4:11: unknown step or input `$nope`. There is each, incident, service."}},

	{"tag", when("!web.closed"), []string{"7:11: `!` begins a YAML tag here, so that the value is empty. Write `web.closed == false`."}},
	{"tag at the end of the file", strings.TrimRight(when("!web.closed"), "\n"), []string{"7:11: `!` begins a YAML tag here, so that the value is empty. Write `web.closed == false`."}},
	{"tag before a bracket", when("!(web.closed && true)"), []string{"7:11: `!` begins a YAML tag here, so that the value is empty. Put the text in quotes: '!(web.closed && true)'."}},
	{"empty value", when(""), []string{"7:5: `when` has no value. Give it one, or leave the key out."}},
	{"colon in a text", steps("  - tell: Fix this: now\n"), []string{"4:11: this text needs quotes, else YAML reads it as something else. Write `tell: 'Fix this: now'`."}},
	{"leading quote", steps("  - tell: \"Fix\" this now\n"), []string{"4:11: this text needs quotes, else YAML reads it as something else. Write `tell: '\"Fix\" this now'`."}},
	{"question mark", when("web.closed ? true : false"), []string{"7:11: this text needs quotes, else YAML reads it as something else. Write `when: 'web.closed ? true : false'`."}},
	{"leading list", when("[1, 2].exists(x, x > 1)"), []string{"7:11: this text needs quotes, else YAML reads it as something else. Write `when: '[1, 2].exists(x, x > 1)'`."}},
	{"anchor", head + "do_not: &a [x]\nsteps: [{tell: x}]\n", []string{"3:9: YAML anchors (&x) are not part of the language. Put the text in quotes if it begins with that sign."}},
	{"two documents", steps("  - tell: x\n---\nname: y\n"), []string{"5:1: a file holds one playbook, and here a second begins. Put it into a file of its own."}},

	{"one equals sign", when("web.status = 3"), []string{"7:22: `=` does not compare. Write `==`."}},
	{"and", when("web.status > 3 and web.closed"), []string{"7:26: expressions have no word `and`. Write `&&`."}},
	{"or", when("web.closed or web.closed"), []string{"7:22: expressions have no word `or`. Write `||`."}},
	{"not", when("not web.closed"), []string{"7:11: expressions have no word `not`. Write `!`."}},
	{"one ampersand", when("web.closed & web.closed"), []string{"7:22: `&` is not part of expressions. Write `&&`."}},
	{"dollar", when("web.status > $x"), []string{"7:24: expressions use names without a dollar sign. Leave the `$` out."}},
	{"not bool", when("web.status"), []string{"7:11: an expression here is true or false, and this one is a number. Compare it with something, like `x > 0`."}},
	{"a number", when("3"), []string{"7:11: `when` is true or false, and 3 is a number. Compare it with something."}},
	{"name", when("wbe.status > 500"), []string{"7:11: unknown name `wbe`. Did you mean `web`?"}},
	{"output in an expression", when("web.stauts > 500"), []string{"7:11: `web` has no `stauts`. Did you mean `status`?"}},
	{"column after a percentage", when("web.error_rate > 1% && web.stauts > 500"), []string{"7:34: `web` has no `stauts`. Did you mean `status`?"}},
	{"column in quotes", when("'web.closed && web.stauts > 500'"), []string{"7:26: `web` has no `stauts`. Did you mean `status`?"}},
	{"bool of a number", when("web.status && web.closed"), []string{"7:14: this is a whole number, and true or false is wanted here. Compare it with something, like `x > 0`."}},
	{"equal numbers of two types", when("web.error_rate == 1"), []string{"7:26: `==` does not take (a number with a fraction, a whole number). Write the number with a fraction, like 1.0."}},
	{"duration and number", when("web.ms > 5"), []string{"7:18: `>` does not take (a duration, a whole number). Write a duration as duration(\"5m\")."}},
	{"severity", when("incident.severity == 'SEV9'"), []string{"7:32: unknown severity `SEV9`. Did you mean `SEV1`?"}},
	{"state", when("incident.state != 'monitorin'"), []string{"7:29: unknown state `monitorin`. Did you mean `monitoring`?"}},
	{"function", when("sise(web.status) > 5"), []string{"7:11: unknown function `sise`. Did you mean `size`?"}},
	{"ends too early", when("web.status >"), []string{"7:23: the expression ends too early."}},
	{"column of a row", steps(found, "  - tell: x\n    when: found.rows.exists(r, r.pidd > 3)\n"), []string{"8:33: there is no `pidd` here. Did you mean `pid`?"}},
	{"expression forwards", steps("  - tell: x\n    when: web.status > 3\n", checked), []string{"5:11: the step `web` comes later, or is this one."}},
	{"when of the file", head + "ask: [db]\nwhen: db == 'x'\nsteps: [{tell: $db}]\n", []string{"4:7: `db` is not known yet when playbooks are suggested."}},
	{"likely", steps(checked, "  - choose: What?\n    options: [{label: A, likely: web.status}, {label: B}]\n"), []string{"7:34: an expression here is true or false, and this one is a number. Compare it with something, like `x > 0`."}},

	{"one option", steps("  - choose: What?\n    options: [{label: A}]\n"), []string{"5:14: a question has 2 to 6 options, not 1."}},
	{"no options", steps("  - choose: What?\n"), []string{"4:5: `choose` needs `options`."}},
	{"long label", steps("  - choose: What?\n    options: [{label: A}, {label: This is a label that is far too long}]\n"), []string{"5:35: `label` has 36 characters, and at most 24 are shown."}},
	{"label twice", steps("  - choose: What?\n    options: [{label: A}, {label: A}]\n"), []string{"5:27: two options are labelled `A`."}},
	{"key of an option", steps("  - choose: What?\n    options: [{label: A}, {labl: B}]\n"), []string{"5:28: unknown key `labl`. Did you mean `label`?"}},
	{"nests too deep", steps("  - choose: 1\n    options:\n      - label: A\n      - label: B\n        steps:\n          - choose: two\n            options:\n              - label: A\n              - label: B\n                steps:\n                  - choose: three\n                    options: [{label: A}, {label: B}]\n"), []string{
		"4:13: `choose` is text, and 1 is a number for YAML. Put it in quotes: '1'.",
		"15:30: options nest at most 2 deep. Move the inner question into a playbook of its own and `run` it."}},

	{"name is not the file", "name: y\nsay: s\nsteps: [{tell: x}]\n", []string{"1:7: the name is `y`, but the file is x.yaml. Write `name: x`, or rename the file."}},
	{"no name", "say: s\nsteps: [{tell: x}]\n", []string{"1:1: a playbook has a `name`, and this one has none."}},
	{"role", head + "who: comander\nsteps: [{tell: x}]\n", []string{"3:6: unknown role `comander`. Did you mean `commander`?"}},
	{"service", head + "for: [chekout]\nsteps: [{tell: x}]\n", []string{"3:7: warning: no service is called `chekout`. Did you mean `checkout`?"}},
	{"for is a word", head + "for: checkout\nsteps: [{tell: x}]\n", []string{"3:6: `for` is a list, and here it is text. Write it as [checkout]."}},
	{"severity of impact", head + "impact: [{what: a, effect: b, severity: hi}]\nsteps: [{tell: x}]\n", []string{"3:41: `severity` is one of high, medium, low, none, not \"hi\"."}},
	{"long say", "name: x\nsay: " + strings.Repeat("x", 81) + "\nsteps: [{tell: x}]\n", []string{"2:6: `say` has 81 characters, and at most 80 are shown."}},
	{"no steps", head + "steps: []\n", []string{"3:8: `steps` is empty."}},
	{"41 steps", steps(strings.Repeat("  - tell: x\n", 41)), []string{"1:1: the file has 41 steps, and at most 40 are allowed. Move some into a playbook of their own and `run` it."}},
	{"timeout", steps("  - tell: x\n    timeout: 31m\n"), []string{"5:14: `timeout` is at most 30m, not 31m."}},
	{"yes is no bool", steps("  - tell: x\n    optional: yes\n"), []string{"5:15: `optional` is true or false, not \"yes\"."}},
	{"field of another kind", steps("  - tell: x\n    pick: one\n"), []string{"5:5: `pick` belongs to looks, not to `tell`."}},
	{"nothing to pick from", steps("  - web.check: shop\n    id: w\n    pick: one\n"), []string{"6:5: `web.check` gives no rows to pick from."}},
	{"picked by nobody", steps("  - pg.list_queries: payments-db\n    pick: one\n"), []string{"5:5: what is picked is used by nobody, because the step has no `id`. Give it one."}},

	{"six inputs", head + "ask: [a, b, c, d, e, f]\nsteps: [{tell: $a}]\n", []string{"3:6: 6 inputs have no default, and at most 5 are asked for. Give some a default."}},
	{"input of a row", head + "ask: [q]\nsteps:\n  - pg.cancel: {on: payments-db, session: $q}\n", []string{"3:7: the input `q` feeds `pg.cancel.session`, which takes one row of a look; nobody can type that. Use a look with `pick`."}},
	{"detail of an input", head + "ask: [{a: {typ: int}}]\nsteps: [{tell: $a}]\n", []string{"3:12: unknown key `typ`. Did you mean `type`?"}},
	{"type of an input", head + "ask: [{a: {type: integer}}]\nsteps: [{tell: $a}]\n", []string{"3:18: unknown type `integer`. Did you mean `int`?"}},
	{"input of another type", head + "ask: [{a: {type: int}}]\nsteps:\n  - k8s.rollback: $a\n", []string{"5:19: `deployment` is text, and `$a` is a whole number."}},
	{"default of another type", head + "ask: [{a: soon}]\nsteps:\n  - pg.list_queries: {on: payments-db, older_than: $a}\n", []string{"3:11: `a` is a duration like 5m, not \"soon\"."}},
	{"default is no choice", head + "ask: [{a: {default: c, one_of: [a, b]}}]\nsteps:\n  - k8s.rollback: $a\n", []string{"3:21: the default \"c\" is none of the choices."}},
	{"choice is no connection", head + "ask: [{a: [payments-db, order-db]}]\nsteps:\n  - pg.list_queries: $a\n", []string{"3:25: unknown connection `order-db`. Did you mean `orders-db`?"}},
	{"input asks for a secret", head + "ask: [db_password]\nsteps: [{tell: x}]\n", []string{"3:7: `db_password` asks for a secret, and inputs are shown to everybody. Name a secret of the configuration instead."}},
	{"input of an option twice", head + "ask: [a]\nsteps:\n  - choose: What?\n    options: [{label: A, ask: [a]}, {label: B}]\n", []string{"6:32: the input `a` is asked for twice. Give one of them another name."}},

	{"secret", steps("  - k8s.rollback: xoxb-1234567890-abcdef\n"), []string{"4:19: this looks like a secret. Put it into the configuration and name it here."}},
	{"secret to copy", steps("  - tell: x\n    copy: psql postgres://u:hunter22@db/x\n"), []string{"5:11: this looks like a secret. Put it into the configuration and name it here."}},
	{"host", steps("  - k8s.rollback: db.example.com\n"), []string{"4:19: this looks like an address, and playbooks name connections. Put the address into the configuration and name the connection here."}},
	{"address for a connection", steps("  - pg.list_queries: 'postgres://db/x'\n"), []string{"4:22: this looks like an address, and playbooks name connections. Put the address into the configuration and name the connection here."}},
	{"link without a host", steps("  - tell: x\n    link: /runbook\n"), []string{"5:11: a link begins with https:// and a host."}},
	{"link to a host from a value", steps("  - tell: x\n    link: https://wiki$service/x\n"), []string{"5:11: the host of a link stands in the file, and values come after it. Write https://host/…."}},
	{"signal over time", when("rising(web.status)"), []string{"7:11: `rising` watches a value over time, which only `verify` and `until` can."}},
	{"alert", when("alert.kind == 'x'"), []string{"7:11: `alert` has no `kind`. There is count, title."}},
	{"text is no bool", when("incident.severity"), []string{"7:11: an expression here is true or false, and this one is text. Compare it with something, like `x > 0`."}},
	{"reference in a label", steps("  - choose: What?\n    options: [{label: End $service}, {label: B}]\n"), []string{"5:23: `label` of an option is fixed text, without `$service`. Put it into the question."}},
	{"reference in a list", steps("  - web.call: {on: shop, tags: [a, 'x$service']}\n"), []string{"4:36: a reference is a whole value, and `tags` puts `$service` into a longer text. Write `tags: $service`."}},
	{"host in a map", steps("  - web.call: {on: shop, body: {to: 'https://x/y'}}\n"), []string{"4:37: this looks like an address, and playbooks name connections. Put the address into the configuration and name the connection here."}},
	{"row for a plain value", steps(strings.Replace(found, "many", "one", 1), "  - web.call: {on: shop, body: {q: $found.picked}}\n"), []string{"7:36: `q` is a plain value, and `$found.picked` is one row of a look."}},
	{"rows in a text", steps(found, "  - tell: End $found.picked\n"), []string{"7:11: `$found.picked` is rows of a look, and a text shows single values."}},
	{"row as a literal", steps("  - pg.cancel: {on: payments-db, session: 4412}\n"), []string{"4:43: `session` is one row of a look, not 4412. Give it a reference like `$found.picked`."}},
	{"rows with other columns", steps("  - pg.list_queries: payments-db\n    id: q\n    pick: one\n", "  - mq.move: {row: $q.picked}\n"), []string{"7:20: `row` takes rows with a column `message`, and those of `$q.picked` have none."}},
	{"connection of another input", head + "ask: [c]\nsteps:\n  - web.check: $c\n  - pg.list_queries: $c\n", []string{"6:22: `on` is a connection of `pg`, and `$c` is one of `web`."}},
	{"input with a bad pattern", head + "ask: [{a: {match: '('}}]\nsteps: [{tell: $a}]\n", []string{"3:19: `match` is not a regular expression (RE2)."}},
	{"pattern of a number", head + "ask: [{a: {type: int, match: '1'}}]\nsteps: [{tell: $a}]\n", []string{"3:8: `match` is for text, and `a` is a whole number."}},
	{"limit of a text", head + "ask: [{a: {type: text, max: 3}}]\nsteps: [{tell: $a}]\n", []string{"3:8: `max` is for numbers, and `a` is text."}},
	{"limit below its default", head + "ask: [{a: {default: 5, max: 3}}]\nsteps: [{tell: $a}]\n", []string{"3:21: the default 5 is greater than the `max`."}},
	{"limit that is none", head + "ask: [{a: {type: int, max: x}}]\nsteps: [{tell: $a}]\n", []string{"3:28: `max` is a number greater than 0, not \"x\"."}},
	{"input twice", head + "ask: [a, a]\nsteps: [{tell: $a}]\n", []string{"3:10: the input `a` stands twice."}},
	{"input without a value", head + "ask: [{a: }]\nsteps: [{tell: $a}]\n", []string{"3:8: `a` has no value. Write only the name when it has no default."}},
	{"two inputs in one", head + "ask: [{a: 1, b: 2}]\nsteps: [{tell: $a}]\n", []string{"3:7: an input is a name, or one name with its default, choices or details. Write it as {older_than: 5m}."}},
	{"name of an input", head + "ask: [incident, Big]\nsteps: [{tell: x}]\n", []string{
		"3:7: `incident` has a meaning of its own and cannot be an input.",
		"3:17: the name of an input has a-z, 0-9 and _, and begins with a letter; \"Big\" does not."}},
	{"choice that is a list", head + "ask: [{a: [[b], c]}]\nsteps: [{tell: $a}]\n", []string{"3:12: a choice is a plain value, and here it is a list."}},
	{"not text", "name: \xff\n", []string{"1:7: the file is not UTF-8 text."}},
	{"empty file", "# nothing\n", []string{": the file is empty."}},
}

func TestLintSaysWhereWhatAndTheFix(t *testing.T) {
	for _, c := range slices.Concat(lintCases, actLintCases) {
		t.Run(c.name, func(t *testing.T) {
			book, problems := Load(fakeCatalogue(), Source{Name: "x.yaml", Text: []byte(c.file)})
			if diff := cmp.Diff(c.want, said(problems, "x.yaml")); diff != "" {
				t.Errorf("problems (-want +got):\n%s\nfile:\n%s", diff, c.file)
			}
			_, loaded := book.Get("x")
			if got, want := loaded, AsFault(problems) == nil; got != want {
				t.Errorf("loaded: got %v, want %v", got, want)
			}
		})
	}
}

func said(problems []Problem, file string) []string {
	var out []string
	for _, p := range problems {
		if s, ok := strings.CutPrefix(p.String(), file+":"); ok && p.Line > 0 {
			out = append(out, s)
			continue
		}
		out = append(out, strings.TrimPrefix(p.String(), file))
	}
	return out
}
