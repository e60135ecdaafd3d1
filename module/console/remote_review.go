package console

import (
	"net/http"
)

// reviewPage is what the template of a review gets. The request is told by the report: that can be had whatever the setting
// is, as a review can.
type reviewPage struct {
	Form   *form
	Report accessReport
	Here   string // path of the request
	Note   Field
}

func (v *visit) askReview() error { return v.showReview(http.StatusOK, &form{}) }

func (v *visit) showReview(status int, f *form) error {
	report, err := v.report()
	if err != nil {
		return err
	}
	here := to(remoteRequests, v.r.PathValue("id"))
	content := reviewPage{
		Form: f, Report: *report, Here: here,
		Note: f.Needed("comment", "What you have found", "One line. It is kept with the request for good."),
	}
	return v.show(status, "remote_review", Page{Title: "Review emergency access", Section: remoteSection, Content: content})
}

func (v *visit) review() error {
	f := v.readForm()
	path := to(remotePath+"/requests", v.r.PathValue("id"), "review")
	switch err := v.api.Call(http.MethodPost, path, map[string]string{"comment": f.text("comment")}, nil); {
	case f.refuse(err):
		return v.showReview(f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return v.done(to(remoteRequests, v.r.PathValue("id"), "report"), "reviewed")
}
