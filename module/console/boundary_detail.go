package console

import (
	"net/http"
	"slices"
)

// boundaryDetail is what the template of one boundary gets.
type boundaryDetail struct {
	Boundary boundary
	Here     string
	Uses     []bindingRow
	Refusal  *Refusal // why its bindings cannot be listed
}

// boundary is the one of the page's path.
func (v *visit) boundary() (place, *boundary, error) {
	here, err := v.place()
	if err != nil {
		return place{}, nil, err
	}
	b := new(boundary)
	return here, b, v.api.Get(here.boundaries(v.r.PathValue("id")), nil, b)
}

// usesOf are the bindings that have a boundary, with their names. A refusal says why they cannot be told.
func (v *visit) usesOf(here place, b *boundary) ([]bindingRow, *Refusal, error) {
	all, err := v.usesOfBoundaries(here)
	if isRefusal(err, http.StatusForbidden) {
		return nil, refused(err), nil
	}
	if err != nil {
		return nil, nil, err
	}
	names, err := v.bindingNames(here, here.environment())
	if err != nil {
		return nil, nil, err
	}
	uses := all[b.UUID]
	for i := range uses {
		names.fill(&uses[i])
	}
	return uses, nil, nil
}

func showBoundary(v *visit) error {
	here, b, err := v.boundary()
	if err != nil {
		return err
	}
	content := boundaryDetail{Boundary: *b, Here: to("/boundaries", b.UUID)}
	if content.Uses, content.Refusal, err = v.usesOf(here, b); err != nil {
		return err
	}
	return v.show(http.StatusOK, "boundary", Page{Title: b.Name, Section: "boundaries", Content: content, Outcomes: map[string]Outcome{
		"created": {Message: "The boundary was created. It restricts what bindings grant that have it."},
		"edited":  {Message: "The boundary was changed, and with it what every binding grants that has it."},
	}})
}

func askDeleteBoundary(v *visit) error {
	here, b, err := v.boundary()
	if err != nil {
		return err
	}
	path := to("/boundaries", b.UUID)
	uses, _, err := v.usesOf(here, b)
	if err != nil {
		return err
	}
	question := confirmation{
		Title: "Delete the boundary?", Question: "This cannot be undone:", Thing: b.Name,
		Consequences: []string{"No binding of the account or of this environment has it."},
		Action:       path + "/delete", Cancel: path, Button: "Delete the boundary",
	}
	if len(uses) > 0 {
		question.Consequences = []string{
			plural(len(uses), "binding has", "bindings have") + " it. Take it out of them first: without it they would grant more, so a boundary that is used is not deleted.",
		}
		for _, use := range slices.Clip(uses[:min(len(uses), 10)]) {
			question.Consequences = append(question.Consequences, use.Sentence())
		}
	}
	return v.confirm("boundaries", question)
}

func deleteBoundary(v *visit) error {
	here, err := v.place()
	if err != nil {
		return err
	}
	if err := v.api.Call(http.MethodDelete, here.boundaries(v.r.PathValue("id")), nil, nil); err != nil {
		return err
	}
	return v.done("/boundaries", "deleted")
}
