package oauth2test_test

import (
	"testing"

	"github.com/doorward/doorward/tokens/oauth2/oauth2test"
)

func TestMemory(t *testing.T) {
	oauth2test.RunStore(t, func(*testing.T) oauth2test.Store { return &oauth2test.Memory{} })
}
