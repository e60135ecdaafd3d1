package remotetest_test

import (
	"testing"

	"github.com/doorward/doorward/remote/remotetest"
)

func TestMemory(t *testing.T) {
	remotetest.RunStore(t, func(*testing.T) remotetest.Store { return new(remotetest.Memory) })
}
