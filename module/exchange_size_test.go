package module

import (
	"testing"
	"unsafe"
)

// An exchange is made for every request. The allocator's class of 768 bytes holds one of up to 760: of objects that large with
// pointers in them, eight are the allocator's own. The next class has 896.
func TestExchange_Size(t *testing.T) {
	if size := unsafe.Sizeof(exchange{}); size > 760 {
		t.Errorf("an exchange has %d bytes, want at most 760", size)
	}
}
