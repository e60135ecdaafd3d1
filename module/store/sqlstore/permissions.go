package sqlstore

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/doorward/doorward/policyengine/pap"
)

// permissions are those of a group, stored as a JSON array. Nothing is ever looked up by one, so they need no table.
type permissions []pap.GroupPermission

// storedPermission is one of them; the time is in milliseconds, like every time in the store.
type storedPermission struct {
	Name      string `json:"name"`
	Scope     string `json:"scope"`
	ScopeType string `json:"scopeType"`
	Created   int64  `json:"created"`
}

// Value is driver.Valuer's.
func (p permissions) Value() (driver.Value, error) {
	stored := make([]storedPermission, len(p))
	for i, one := range p {
		stored[i] = storedPermission{one.Name, one.Scope, one.ScopeType, one.Created.UnixMilli()}
	}
	text, err := json.Marshal(stored)
	return string(text), err
}

// Scan is sql.Scanner's. An empty list is nil.
func (p *permissions) Scan(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("permissions are stored as %T", v)
	}
	*p = nil
	if text == "[]" {
		return nil
	}
	var stored []storedPermission
	if err := json.Unmarshal([]byte(text), &stored); err != nil {
		return err
	}
	for _, one := range stored {
		*p = append(*p, pap.GroupPermission{
			Name: one.Name, Scope: one.Scope, ScopeType: one.ScopeType, Created: time.UnixMilli(one.Created).UTC(),
		})
	}
	return nil
}
