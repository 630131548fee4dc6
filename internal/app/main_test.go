package app

import (
	"os"
	"testing"

	"mayday/internal/clustertest"
)

func TestMain(m *testing.M) { os.Exit(clustertest.Run(m, nil)) }
