package app

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/config"
	"mayday/internal/fault"
)

// Setup prints what has to be done at a vendor, with everything filled in that
// the configuration knows. manifest prints only the part that is pasted.
func Setup(w io.Writer, f *config.File, env config.Env, name string, manifest bool) error {
	set, err := read(f, env)
	if err != nil {
		return err
	}
	text, known := setupText(set, name, manifest)
	if text == "" {
		what := fmt.Sprintf("I know no set-up for %q.%s", name, fault.DidYouMean(name, known))
		return fault.New(fault.Invalid, "E24", what, "There is: "+strings.Join(known, ", ")+".").WithState("")
	}
	_, err = io.WriteString(w, text)
	return err
}

// setupText finds the text among the platforms and the integrations, and the
// names that there are.
func setupText(set *settings, name string, manifest bool) (text string, known []string) {
	for _, p := range platforms {
		make := p.Setup
		if manifest {
			make = p.Manifest
		}
		if make == nil {
			continue
		}
		known = append(known, p.Name)
		if p.Name == name {
			text = make(beginning(set, set.file.Section("chat", p.Name), chat.Start{Log: slog.New(slog.DiscardHandler)}))
		}
	}
	for _, i := range outside {
		if i.Setup == nil || manifest {
			continue
		}
		known = append(known, i.Name)
		if i.Name == name {
			text = i.Setup(section(set.file, i), set.url)
		}
	}
	slices.Sort(known)
	return text, known
}
