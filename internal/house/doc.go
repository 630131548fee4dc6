// Package house holds the rules of the house as tests: who may import whom,
// where a vendor's name may stand, how long a function may be. It has no code
// of its own. A rule that only stands in a document is broken within a month;
// here each is a table, and each exception in it carries its reason.
package house
