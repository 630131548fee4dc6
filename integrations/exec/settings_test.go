package exec

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mayday/integrations"
)

func TestSettingsThatAreRefused(t *testing.T) {
	sum := strings.Repeat("ab", 32)
	for yaml, want := range map[string]string{
		"tool: {sha256: " + sum + "}":                                    "mayday.yaml:3:11: `path` is missing in `connect.exec.tool`: write path: /usr/local/bin/tool.",
		"tool: {path: bin/x}":                                            "3:18: `path` is the whole path of the program",
		"tool: {path: /usr/../bin/x}":                                    "`path` is the whole path of the program",
		"tool: {path: /bin/sh}":                                          "sh runs whatever its arguments say, and playbooks never run a shell",
		"tool: {path: /usr/bin/python3.11}":                              "python3.11 runs whatever its arguments say",
		"tool: {path: /usr/bin/env}":                                     "env runs whatever its arguments say",
		"tool: {path: /x/y, sha256: abc}":                                "`sha256` has 64 characters",
		"tool: {path: /x/y, grade: look}":                                "`grade` is change or danger, not \"look\".",
		"tool: {path: /x/y, grade: change}":                              "`grade: change` needs the `sha256` of the file",
		"tool: {path: /x/y, timeout: 31m}":                               "`timeout` is at most 30m.",
		"tool: {path: /x/y, exit_codes_unchanged: [0]}":                  "is 1 to 125, not 0.",
		"tool: {path: /x/y, exit_codes_unchanged: [137]}":                "is 1 to 125, not 137.",
		"tool: {path: /x/y, shasum: x}":                                  "unknown key `shasum`",
		"'a b': {path: /x/y}":                                            "a program's name has letters",
		"a: {path: x}\n    b: {path: /bin/sh}\n    c: {path: /x/y}":      "3:15: `path` is the whole path",
		"a: {path: /x/y}\n    b: {path: /bin/bash}\n    c: {path: /x/y}": "4:15: bash runs whatever",
	} {
		_, err := Integration.New(sectionOf(t, yaml), slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", yaml, err, want)
		}
	}
}

func TestSettings(t *testing.T) {
	parts := partsOf(t, "b: {path: /x/b}\n    a: {path: /x/a, timeout: 2m, show: true, exit_codes_unchanged: [64], env: staging}")
	if diff := cmp.Diff([]string{"b", "a"}, parts.Connections); diff != "" {
		t.Errorf("connections (-want +got):\n%s", diff)
	}
	a := parts.Actions[0]
	if a.Name != "exec.run" || a.Grade != integrations.GradeChange || a.Undo == nil || a.Plan == nil || a.Apply == nil || a.Probe == nil || a.IsLook() {
		t.Errorf("got %+v", a)
	}
}

func TestDoctor(t *testing.T) {
	s := newStage(t, "echo")
	sum := sumOf("#!/bin/sh\necho")
	find := func(yaml string) integrations.Finding {
		return partsOf(t, yaml).Checker.Check(t.Context())[0]
	}
	for yaml, want := range map[string]integrations.Finding{
		"tool: {path: " + s.path + ", sha256: " + sum + "}":                     {OK: true, Text: "exec tool: " + s.path + " is the file that is listed"},
		"tool: {path: " + s.path + "}":                                          {Warn: true, Text: "exec tool: every run is a danger step, because its sha256 is not listed", Fix: "Add sha256: " + sum},
		"tool: {path: /no/such/file}":                                           {Text: "exec tool: There is no file /no/such/file.", Fix: "Install it where Mayday runs."},
		"tool: {path: " + s.path + ", sha256: " + strings.Repeat("a", 64) + "}": {Text: "exec tool: " + s.path + " is not the file that the config lists: its sha256 begins with " + sum[:12] + ", listed is aaaaaaaaaaaa.", Fix: "Find out who changed it, then list the new sha256."},
	} {
		if diff := cmp.Diff(want, find(yaml)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", yaml, diff)
		}
	}
	if err := os.Chmod(s.path, 0o722); err != nil {
		t.Fatal(err)
	}
	if got := find("tool: {path: " + s.path + ", sha256: " + sum + "}"); !got.Warn || !strings.Contains(got.Text, "others may write") {
		t.Errorf("writable: got %+v", got)
	}
}
