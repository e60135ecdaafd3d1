package folder

import "fmt"

// unique refuses what is said twice: which of the two was meant would depend on the order of files.
func (l *loader) unique() {
	names, uuids := once{found: &l.found}, once{found: &l.found}
	for _, p := range l.Policies {
		names.note(p.origin, "policy\x00"+p.Environment+"\x00"+p.Name, "there is a policy of this name already, in %s")
		uuids.uuid(p.origin, p.UUID)
	}
	for _, b := range l.Boundaries {
		names.note(b.origin, "boundary\x00"+b.Name, "there is a boundary of this name already, in %s")
		uuids.uuid(b.origin, b.UUID)
	}
	for _, g := range l.Groups {
		names.note(g.origin, "group\x00"+g.Name, "there is a group of this name already, in %s")
		uuids.uuid(g.origin, g.UUID)
	}
	for _, b := range l.Bindings {
		names.note(b.origin, "binding\x00"+b.place(), "the same policy is bound to the same group with the same parameters already, in %s")
	}
}

// once remembers where things were said first.
type once struct {
	first map[string]origin
	found *Findings
}

func (o *once) uuid(at origin, uuid string) {
	if uuid != "" {
		o.note(at, uuid, "this uuid is something else's already, in %s")
	}
}

func (o *once) note(at origin, key, message string) {
	if o.first == nil {
		o.first = map[string]origin{}
	}
	if before, there := o.first[key]; there {
		o.found.fail(at, fmt.Sprintf(message, fmt.Sprintf("%s:%s", before.file, before.pos)))
		return
	}
	o.first[key] = at
}
