package notifytest_test

import (
	"testing"

	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/remote/notify/notifytest"
)

func TestMemory(t *testing.T) {
	notifytest.TestOutbox(t, func(*testing.T) notify.Outbox { return &notifytest.Memory{} })
}
