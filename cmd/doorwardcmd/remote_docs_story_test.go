package doorwardcmd_test

import "testing"

// TestDocs_RemoteStory runs everything that the documentation of remote access shows.
func TestDocs_RemoteStory(t *testing.T) {
	wantShown(t, documented(t, "../../docs/remote-access.md"),
		`"state":"PENDING"`, "not reviewed", "john.smith@example.com gets in as devops-viewer until", "reviewed ", "planned upgrade",
		"revoked 2 grants", "changed from approved to approved-read-only", "Remote access report", "wrote report.html", " events, first 1, last ",
		`"state":"ACCEPTED"`, `{"setting":"off"}`)
}
