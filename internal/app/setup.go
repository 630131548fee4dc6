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
	text := setupText(set, name, manifest)
	if text == "" {
		known := SetupNames()
		what := fmt.Sprintf("I know no set-up for %q.%s", name, fault.DidYouMean(name, known))
		return fault.New(fault.Invalid, "E24", what, "There is: "+strings.Join(known, ", ")+".").WithState("")
	}
	_, err = io.WriteString(w, text)
	return err
}

// setupText finds the text among the platforms and the integrations.
func setupText(set *settings, name string, manifest bool) string {
	for _, p := range platforms {
		write := p.Setup
		if manifest {
			write = p.Manifest
		}
		if p.Name == name && write != nil {
			return write(beginning(set, p, chat.Start{Log: slog.New(slog.DiscardHandler)}))
		}
	}
	for _, i := range outside {
		if i.Name == name && i.Setup != nil && !manifest {
			return i.Setup(section(set.file, i), set.url)
		}
	}
	return ""
}

// SetupNames are the vendors that Setup knows.
func SetupNames() []string {
	var names []string
	for _, p := range platforms {
		if p.Setup != nil {
			names = append(names, p.Name)
		}
	}
	for _, i := range outside {
		if i.Setup != nil {
			names = append(names, i.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Rights prints the rights that a vendor must grant, made from the configuration.
// only names a connection where there are several.
func Rights(w io.Writer, f *config.File, env config.Env, name, only string) error {
	set, err := read(f, env)
	if err != nil {
		return err
	}
	for _, i := range outside {
		if i.Name != name || i.Rights == nil {
			continue
		}
		text, err := i.Rights(section(set.file, i), set.servicesFor(i.Name), only)
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, text)
		return err
	}
	return fault.New(fault.Invalid, "E24", fmt.Sprintf("There are no rights to print for %q.", name), "There is: mayday setup k8s --print-rbac.").WithState("")
}
