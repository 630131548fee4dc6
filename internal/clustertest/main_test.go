package clustertest

import (
	"fmt"
	"os"
	"testing"
)

// starterDir makes the test binary a process that starts a cluster in this
// directory and is then killed.
const starterDir = "CLUSTERTEST_STARTER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(starterDir); dir != "" {
		os.Exit(starter(dir))
	}
	os.Exit(Run(m, nil))
}

// starter returns only when something is wrong.
func starter(dir string) int {
	binary, err := built("testcluster")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	p, err := launch(binary, dir)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("started")
	<-p.done
	return 1
}
