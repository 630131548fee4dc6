package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints what the shell needs. The words come from the commands themselves.
func (c *completionCmd) Run(r *run, k *kong.Kong) error {
	tree := commandTree(k.Model.Node)
	switch c.Shell {
	case "bash":
		fmt.Fprint(r.out, bashCompletion(tree))
	case "zsh":
		fmt.Fprint(r.out, "#compdef mayday\nautoload -U +X bashcompinit && bashcompinit\n"+bashCompletion(tree))
	default:
		fmt.Fprint(r.out, fishCompletion(tree))
	}
	return nil
}

// place is a command with what may follow it.
type place struct {
	path  string // "export timeline"
	help  string
	words []string // sub-commands
	flags []string
}

// commandTree lists every command with its words and flags, the root first.
func commandTree(n *kong.Node) []place {
	at := place{path: strings.TrimSpace(strings.TrimPrefix(n.FullPath(), "mayday")), help: n.Help}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			at.flags = append(at.flags, "--"+f.Name)
		}
	}
	places := []place{at}
	for _, child := range n.Children {
		if child.Type != kong.CommandNode || child.Hidden {
			continue
		}
		places[0].words = append(places[0].words, child.Name)
		places = append(places, commandTree(child)...)
	}
	return places
}

func bashCompletion(tree []place) string {
	var b strings.Builder
	b.WriteString("_mayday() {\n  local at=\"\" word\n  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case $word in -*) continue ;; esac\n    case \"${at:+$at }$word\" in\n")
	for _, p := range tree[1:] {
		fmt.Fprintf(&b, "      %q) at=%q ;;\n", p.path, p.path)
	}
	b.WriteString("    esac\n  done\n  local words=\"\"\n  case $at in\n")
	for _, p := range tree {
		fmt.Fprintf(&b, "    %q) words=%q ;;\n", p.path, strings.Join(append(p.words, p.flags...), " "))
	}
	b.WriteString("  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\ncomplete -o default -F _mayday mayday\n")
	return b.String()
}

func fishCompletion(tree []place) string {
	var b strings.Builder
	help := map[string]string{}
	for _, p := range tree {
		help[p.path] = p.help
	}
	for _, p := range tree {
		when := "__fish_use_subcommand"
		if p.path != "" {
			words := strings.Fields(p.path)
			when = "__fish_seen_subcommand_from " + words[len(words)-1]
		}
		for _, w := range p.words {
			fmt.Fprintf(&b, "complete -c mayday -n %q -f -a %q -d %q\n", when, w, help[strings.TrimSpace(p.path+" "+w)])
		}
		for _, f := range p.flags {
			fmt.Fprintf(&b, "complete -c mayday -n %q -l %q\n", when, strings.TrimPrefix(f, "--"))
		}
	}
	return b.String()
}
