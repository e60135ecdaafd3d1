package console

import "net/http"

// activeGateTypes are what an ActiveGate can serve.
var activeGateTypes = []Choice{{"ENVIRONMENT", "This environment"}, {"CLUSTER", "The cluster"}}

// activeGateExpiries are presets within what the API allows, which is two years.
var activeGateExpiries = []Choice{
	{"now+7d", "7 days"}, {"now+30d", "30 days"}, {"now+90d", "90 days"}, {"now+1y", "1 year"}, {"now+2y", "2 years"}, {"", "Never"},
	{ownDate, "On a date"},
}

// activeGateForm is what the template of a new token gets.
type activeGateForm struct {
	Form   *form
	Name   Field
	Type   Field
	Types  []Choice
	Seed   bool
	Expiry Expiry
}

func (p activeGatePages) askNew(v *visit) error {
	f := &form{}
	f.set("expires", "now+1y")
	return p.showNew(v, http.StatusOK, f)
}

func (p activeGatePages) showNew(v *visit, status int, f *form) error {
	content := activeGateForm{
		Form: f, Seed: f.has("seedToken"), Types: activeGateTypes, Expiry: f.expiry(activeGateExpiries),
		Name: f.Needed("name", "Name", "Says which ActiveGate it is for. It need not be unique."),
		Type: f.Needed("activeGateType", "The ActiveGate serves", ""),
	}
	return v.show(status, "activegate_form", Page{Title: "New ActiveGate token", Section: "activegates", Content: content})
}

func (p activeGatePages) create(v *visit) error {
	f := v.readForm()
	body := map[string]any{"activeGateType": f.text("activeGateType"), "seedToken": f.has("seedToken")}
	again := func(status int) error { return p.showNew(v, status, f) }
	return v.issue(f, activeGatesPath, body, again, func(made issued) error {
		return v.revealOnce("activegates", tokenShown("ActiveGate token", f.text("name"), made, "", activeGatesPage))
	})
}
