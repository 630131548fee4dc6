package app

import (
	"log/slog"
	"strings"

	"mayday/bot/chat"
	"mayday/internal/config"
)

// ConfigSchema is the JSON Schema of the configuration file, for editors. It is
// made by reading a file that has every section, and noting what the parts of the
// program read from it.
func ConfigSchema() ([]byte, error) {
	f, err := config.Parse("schema", []byte(everySection()))
	if err != nil {
		return nil, err
	}
	shapes := f.Record()
	set, _ := read(f, config.Env{}) // empty sections lack what is needed; what they may have was noted
	if set == nil {
		set = &settings{file: f}
	}
	_ = f.CheckTopLevel(topLevel...)
	if parts, err := connect(set, slog.New(slog.DiscardHandler)); err == nil {
		_ = parts.close() // nothing was opened
	}
	_, _ = makePlaces(set, chat.Start{Log: slog.New(slog.DiscardHandler)})
	return shapes.Schema("Mayday's configuration")
}

// everySection is a file with each section once.
func everySection() string {
	var b strings.Builder
	b.WriteString("web: {}\nupdates: {}\npeople: {}\nsafety: {break_glass: 60s}\nstore: {}\nsteps: {}\nlog: {}\nshutdown: 10s\nplaybooks: books\n")
	b.WriteString("services: {" + config.Any + ": {}}\nchat:\n  command: mayday\n  channels: {}\n")
	for _, p := range platforms {
		if !p.Always {
			b.WriteString("  " + p.Name + ": {}\n")
		}
	}
	connect := ""
	for _, i := range outside {
		if len(i.At) == 0 {
			connect += "  " + i.Name + ": {" + config.Any + ": {}}\n"
			continue
		}
		b.WriteString(strings.Join(i.At, ": {") + ": {" + strings.Repeat("}", len(i.At)) + "\n")
	}
	if connect != "" {
		b.WriteString("connect:\n" + connect)
	}
	return b.String()
}
