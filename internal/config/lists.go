package config

// List is a list whose single value may stand alone: `a` means `[a]`.
type List[T any] []T

// Strings is a list of text, or one text.
type Strings = List[string]

// UnmarshalConfig takes a list, or one value as a list of one.
func (l *List[T]) UnmarshalConfig(s Section) error {
	if s.node == nil {
		return s.misplaced()
	}
	if s.node.kind == listKind {
		return s.Decode((*[]T)(l))
	}
	var one T
	if err := s.Decode(&one); err != nil {
		return err
	}
	*l = List[T]{one}
	return nil
}

// Secrets is a list of references, or one reference; several are valid at once
// while a secret is being rotated.
type Secrets []Secret

// UnmarshalConfig takes a list, or one reference as a list of one.
func (l *Secrets) UnmarshalConfig(s Section) error {
	return (*List[Secret])(l).UnmarshalConfig(s)
}

// Reveal gives all values, or the first error.
func (l Secrets) Reveal() ([]string, error) {
	values := make([]string, 0, len(l))
	for _, s := range l {
		v, err := s.Reveal()
		if err != nil {
			return nil, err
		}
		values = append(values, v)
	}
	return values, nil
}
