// Package processtest holds the tests of the program as a whole: the binary is
// built once, started as a process, fed over HTTP, killed, and started again on
// what it left behind. What is promised about power cuts, signals and exit codes
// can be seen in no other way.
package processtest
