// Command kubectl is the client of the test cluster's own version, as shipped.
// Tests hold what the product says and does against it.
package main

import (
	"os"

	"k8s.io/component-base/cli"
	"k8s.io/kubectl/pkg/cmd"
	"k8s.io/kubectl/pkg/cmd/util"
)

func main() {
	if err := cli.RunNoErrOutput(cmd.NewDefaultKubectlCommand()); err != nil {
		util.CheckErr(err) // says why and ends with the code that scripts expect
		os.Exit(1)
	}
}
