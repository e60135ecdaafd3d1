package module

import (
	"testing"
	"unsafe"
)

// An exchange is made for every request. The allocator's class of 896 bytes holds one of up to 888: of objects that large with
// pointers in them, eight are the allocator's own. The next class has 1,024.
func TestExchange_Size(t *testing.T) {
	if size := unsafe.Sizeof(exchange{}); size > 888 {
		t.Errorf("an exchange has %d bytes, want at most 888", size)
	}
}
