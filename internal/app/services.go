package app

import (
	"slices"
	"strings"

	"mayday/bot"
	"mayday/integrations"
	"mayday/internal/config"
	"mayday/internal/incident"
)

// readServices reads the service catalogue. What a service says about an
// integration (services.NAME.<integration>) is left to that integration, which
// gets it with Adopt.
func (s *settings) readServices() error {
	section := s.file.Section("services")
	if !section.Exists() {
		return nil
	}
	if len(section.Keys()) == 0 {
		var none map[string]string
		return section.Decode(&none) // an error where it is no map
	}
	s.entries = map[string]config.Section{}
	for _, name := range section.Keys() {
		if err := s.readService(name, section.Sub(name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *settings) readService(name string, sub config.Section) error {
	var one struct {
		PagerDuty  string            `yaml:"pagerduty"`
		Match      map[string]string `yaml:"match"`
		Env        string            `yaml:"env"`
		Impact     string            `yaml:"impact"`
		Declare    string            `yaml:"declare"`
		Group      string            `yaml:"group"`
		Migrations config.Section    `yaml:"migrations"`
		DependsOn  config.Strings    `yaml:"depends_on"`
		Charts     config.Section    `yaml:"charts"`
		Links      map[string]string `yaml:"links"`
		DoNot      config.Strings    `yaml:"do_not"`
	}
	if err := sub.Without(adopting()...).Decode(&one); err != nil {
		return err
	}
	if one.Declare != "" && !slices.Contains([]string{"always", "high_urgency", "priority", "press"}, one.Declare) {
		return sub.Fault("declare", "`declare` is always, high_urgency, priority or press, not %q", one.Declare)
	}
	if one.Group != "" && one.Group != "service" && one.Group != "key" {
		return sub.Fault("group", "`group` is service or key, not %q", one.Group)
	}
	charts, err := readCharts(one.Charts)
	if err != nil {
		return err
	}
	svc := bot.Service{Name: name, Impact: one.Impact, Env: one.Env, Declare: one.Declare, Group: one.Group != "key", DoNot: one.DoNot,
		DependsOn: one.DependsOn, Charts: charts, Match: one.Match, SourceID: map[string]string{}}
	if one.PagerDuty != "" {
		svc.SourceID["pagerduty"] = one.PagerDuty
	}
	for label, url := range one.Links {
		svc.Links = append(svc.Links, incident.Link{Name: label, URL: url})
	}
	slices.SortFunc(svc.Links, func(a, b incident.Link) int { return strings.Compare(a.Name, b.Name) })
	s.services, s.entries[name] = append(s.services, svc), sub
	return nil
}

// adopting are the integrations to which a service may say something. The alert
// source's key is the plain id of the service there.
func adopting() []string {
	var names []string
	for _, i := range outside {
		if len(i.At) == 0 {
			names = append(names, i.Name)
		}
	}
	return names
}

// servicesFor is the catalogue as one integration needs it.
func (s *settings) servicesFor(name string) []integrations.Service {
	out := make([]integrations.Service, 0, len(s.services))
	for _, svc := range s.services {
		one := integrations.Service{Name: svc.Name, Env: svc.Env, DependsOn: svc.DependsOn, Match: svc.Match, Own: s.entries[svc.Name].Sub(name)}
		for _, c := range svc.Charts {
			one.Charts = append(one.Charts, integrations.Chart(c))
		}
		if m := s.entries[svc.Name].Sub("migrations"); m.Exists() {
			_ = m.Decode(&one.Migrations) // another form than a word says more than an integration needs
		}
		out = append(out, one)
	}
	return out
}

// readCharts reads a service's signals: {errors: {prom: EXPR, bad: 0.05, traffic: EXPR}}.
// The key of the expression is the prefix of the integration that reads it.
func readCharts(section config.Section) ([]bot.Chart, error) {
	var out []bot.Chart
	for _, name := range section.Keys() {
		sub := section.Sub(name)
		var one struct {
			Bad     float64 `yaml:"bad"`
			Traffic string  `yaml:"traffic"`
			Least   float64 `yaml:"least"`
		}
		if err := sub.Without(prefixes()...).Decode(&one); err != nil {
			return nil, err
		}
		c := bot.Chart{Name: name, Bad: one.Bad, Traffic: one.Traffic, Least: one.Least}
		for _, prefix := range prefixes() {
			if expr := sub.Sub(prefix); expr.Exists() {
				if c.Source != "" {
					return nil, sub.Fault(prefix, "chart %s is read from one source, and %s is a second one", name, prefix)
				}
				c.Source = prefix
				if err := expr.Decode(&c.Expr); err != nil {
					return nil, err
				}
			}
		}
		if c.Expr == "" {
			return nil, sub.Fault("", "chart %s has no expression, as in {prom: 'sum(rate(errors[1m]))'}", name)
		}
		if c.Traffic != "" && c.Least == 0 {
			c.Least = 1
		}
		out = append(out, c)
	}
	return out, nil
}

func prefixes() []string {
	var out []string
	for _, i := range outside {
		out = append(out, i.Prefix)
	}
	return out
}

// pipelines are the tokens by which pipelines may ask whether they may deploy.
// The section was checked by its integration.
func (s *settings) pipelines() config.Secrets {
	var tokens config.Secrets
	if section := s.file.Section("changes", "token"); section.Exists() {
		_ = section.Decode(&tokens)
	}
	return tokens
}

// signalNames are the names of all charts, each once.
func (s *settings) signalNames() []string {
	var out []string
	for _, svc := range s.services {
		for _, c := range svc.Charts {
			if !slices.Contains(out, c.Name) {
				out = append(out, c.Name)
			}
		}
	}
	return out
}
