package folder

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// register finds the record that a thing of a folder is about, among those of its kind and level.
type register struct {
	noun   string
	byUUID map[string]string // names
	byName map[string]string // identifiers
	kept   map[string]bool   // identifiers of what the folder has
}

func newRegister(noun string) *register {
	return &register{noun, map[string]string{}, map[string]string{}, map[string]bool{}}
}

func (r *register) note(uuid, name string) { r.byUUID[uuid], r.byName[name] = name, uuid }

// find returns the identifier of the record, "" for something new. With an identifier the thing may be called otherwise
// than before.
func (r *register) find(found *Findings, at origin, uuid, name string) string {
	uuid = strings.ToLower(uuid)
	holder, taken := r.byName[name]
	_, there := r.byUUID[uuid]
	switch {
	case uuid != "" && taken && holder != uuid && there:
		found.fail(at, fmt.Sprintf("the %s cannot be called so: the name is still that of %s; do it in two steps", r.noun, holder))
	case uuid != "" && taken && holder != uuid:
		found.fail(at, fmt.Sprintf("the %s of this name has another uuid: %s", r.noun, holder))
	case there:
		holder = uuid
	}
	if holder == "" {
		return ""
	}
	if r.kept[holder] {
		found.fail(at, fmt.Sprintf("something else in the folder is about this %s already", r.noun))
	}
	r.kept[holder] = true
	return holder
}

// others are the identifiers of what the folder does not have.
func (r *register) others() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.byUUID)), func(uuid string) bool { return r.kept[uuid] })
}
