package postgres

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestUnwanted(t *testing.T) {
	for query, want := range map[string]string{
		"ALTER TABLE orders ADD x int":                               "a schema change (ALTER TABLE)",
		"  /* a /* nested */ b */ -- c\n create\tindex concurrently": "a schema change (CREATE INDEX)",
		"drop table x":                          "a schema change (DROP TABLE)",
		"TRUNCATE orders":                       "a schema change (TRUNCATE ORDERS)",
		"BEGIN; SELECT 1; REINDEX TABLE orders": "a schema change (REINDEX TABLE)",
		"REFRESH MATERIALIZED VIEW x":           "a schema change (REFRESH MATERIALIZED)",
		"CLUSTER":                               "a schema change (CLUSTER)",
		"explain (analyze, verbose) create table x as select 1": "a schema change (CREATE TABLE)",
		"EXPLAIN ANALYZE VERBOSE REFRESH MATERIALIZED VIEW x":   "a schema change (REFRESH MATERIALIZED)",
		"VACUUM (FULL) orders":                                  "maintenance (VACUUM)",
		"analyze":                                               "maintenance (ANALYZE)",
		"COPY public.orders (id, \"to\") TO stdout;":            "a dump (COPY … TO)",
		"COPY (SELECT a FROM b) TO STDOUT":                      "a dump (COPY … TO)",
		"COPY orders (a, b, c_and_here_the_text_was_cut":        "a dump (COPY … TO)",
		"COPY orders (\"to\") FROM STDIN":                       "",
		"SELECT 'x; DROP TABLE y'":                              "",
		"SELECT 1 -- ; DROP TABLE y":                            "",
		"SELECT $$; DROP TABLE y$$":                             "",
		"SELECT E'\\'; DROP TABLE y; '":                         "",
		"SELECT \"; DROP\" FROM y":                              "",
		"(SELECT 1) UNION SELECT 2":                             "",
		"UPDATE orders SET create_at = now()":                   "",
		"LOCK TABLE orders":                                     "",
		"EXPLAIN ANALYZE SELECT 1":                              "",
		"":                                                      "",
		"; ;":                                                   "",
		"/* never closed DROP TABLE x":                          "",
	} {
		if got := unwanted(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func TestMasked(t *testing.T) {
	for query, want := range map[string]string{
		"UPDATE orders\n  SET state='paid', n = 7 WHERE id = 1234567": "UPDATE orders SET state='…', n = 7 WHERE id = …",
		"SELECT 123456, 1234567, 12345.678, 0x7fffffff, 1e9":          "SELECT 123456, …, …, …, 1e9",
		"SELECT 'it''s', E'a\\'b', $$x$$, $t$y$z$t$, 'cut off":        "SELECT '…', E'…', '…', '…', '…'",
		"SELECT $1, $23 FROM t_20240101":                              "SELECT $1, $23 FROM t_20240101",
		"SELECT /* jane */ 1 -- jane":                                 "SELECT 1",
		"SELECT\u202e \u200b1\x00\x1b[31m":                            "SELECT 1 [31m",
		"SELECT \xff\xfe":                                             "SELECT",
		"a.b::text <> ALL(c)":                                         "a.b::text <> ALL(c)",
	} {
		if got := masked(query); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

// Whatever stands in quotes stays in the database, and no text breaks the lexer.
func TestMaskedHidesEveryLiteral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := "s3cret" + rapid.StringMatching(`[a-z ;$"\n-]{0,12}`).Draw(t, "secret")
		head := rapid.SampledFrom([]string{"SELECT ", "/* c */ UPDATE t SET a = ", "COPY t FROM ", "a$b=", "1", "-- x\n"}).Draw(t, "head")
		text := head + "'" + secret + "'" + rapid.SampledFrom([]string{"", ";", " WHERE b = $1"}).Draw(t, "tail")
		if got := masked(text); strings.Contains(got, "s3cret") {
			t.Fatalf("%q: got %q", text, got)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if got := masked(text); strings.ContainsAny(got, "\n\r\t\x00\x1b") {
			t.Fatalf("%q: got control characters in %q", text, got)
		}
		unwanted(text)
	})
}

func TestAges(t *testing.T) {
	for d, want := range map[time.Duration]string{
		9*time.Second + 900*time.Millisecond: "9 s", 18 * time.Minute: "18 min", 192 * time.Minute: "3 h 12 min", 52 * time.Hour: "2 d 4 h",
	} {
		if got := ageText(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{5 * time.Minute: "5m", 90 * time.Second: "1m30s", time.Hour: "1h", 30 * time.Second: "30s", 0: "0s"} {
		if got := short(d); got != want {
			t.Errorf("%s: got %q, want %q", d, got, want)
		}
	}
}
