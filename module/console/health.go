package console

import (
	"fmt"
	"net/http"
	"time"

	"github.com/doorward/doorward/module/console/chart"
)

const healthPath = "/api/doorward/v1/health"

// health is how the gateway is, as the API writes it.
type health struct {
	Gateway  gateway  `json:"gateway"`
	Ready    bool     `json:"ready"`
	Problems []string `json:"problems"`
	Store    struct {
		Engine       string  `json:"engine"`
		Up           bool    `json:"up"`
		LagSeconds   float64 `json:"revocationLagSeconds"`
		ServingUntil string  `json:"servingUntil"`
		Revision     int     `json:"revision"`
		Schema       int     `json:"schema"`
	} `json:"store"`
	Policies struct {
		Revision     int    `json:"revision"`
		Statements   int    `json:"statements"`
		Sets         int    `json:"sets"`
		FailingSince string `json:"failingSince"`
	} `json:"policies"`
	Caches      []cacheHealth  `json:"caches"`
	Issuers     []issuerHealth `json:"issuers"`
	SigningKeys []signingKey   `json:"signingKeys"`
	Encryption  int            `json:"encryptionKeys"`
	Channels    []struct {
		Name      string `json:"channel"`
		Delivered int    `json:"delivered"`
		Later     int    `json:"later"`
		GivenUp   int    `json:"givenUp"`
	} `json:"notifications"`
	DecisionLog *struct {
		Written int `json:"written"`
		Dropped int `json:"dropped"`
		Errors  int `json:"errors"`
		Bytes   int `json:"bytes"`
	} `json:"decisionLog"` // nil: none is kept
	Sites []struct {
		Hosts  []string `json:"hosts"`
		Listen []string `json:"listen"`
		API    bool     `json:"api"`
	} `json:"sites"`
}

type cacheHealth struct {
	Name    string `json:"name"`
	Entries int    `json:"entries"`
	Limit   int    `json:"limit"`
	Bytes   int    `json:"bytes"`
	Most    int    `json:"bytesLimit"`
}

// Share is how full the cache is, in whole per cent; -1 for one without a bound.
func (c cacheHealth) Share() int {
	switch {
	case c.Limit > 0:
		return min(c.Entries*100/c.Limit, 100)
	case c.Most > 0:
		return min(c.Bytes*100/c.Most, 100)
	}
	return -1
}

type issuerHealth struct {
	URL         string `json:"url"`
	Own         bool   `json:"own"`
	Keys        int    `json:"keys"`
	Loaded      string `json:"loaded"`
	Refreshes   int    `json:"refreshes"`
	Faults      int    `json:"faults"`
	UnknownKeys int    `json:"unknownKeys"`
	Unavailable int    `json:"unavailable"`
}

type signingKey struct {
	ID        string    `json:"id"`
	Created   time.Time `json:"created"`
	SignsFrom time.Time `json:"signsFrom"`

	State state `json:"-"`
}

// keyStates says which of the keys signs: the newest of those whose time has come. The ones before it are kept for what they
// have signed.
func keyStates(keys []signingKey, now time.Time) {
	signing := -1
	for i := range keys {
		keys[i].State = state{"Verifies", ""}
		if keys[i].SignsFrom.After(now) {
			keys[i].State = state{"Signs later", "accent"}
		} else if signing < 0 || keys[i].SignsFrom.After(keys[signing].SignsFrom) {
			signing = i
		}
	}
	if signing >= 0 {
		keys[signing].State = state{"Signs", "good"}
	}
}

func (v *visit) health() (*health, error) {
	h := new(health)
	err := v.api.Get(healthPath, nil, h)
	if err == nil {
		keyStates(h.SigningKeys, v.console.config.Now())
	}
	return h, err
}

// healthView is what the template gets.
type healthView struct {
	Health  *health
	Refusal *Refusal // instead of it, where the page was there and has lost it
}

// Sentence is for the template: problems as the API writes them.
func (healthView) Sentence(words string) string { return sentence(words) }

// Seconds is for the template, as is the next.
func (healthView) Seconds(v float64) string { return chart.Seconds.Text(v) }

// Bytes is in the largest unit of which there is one at least.
func (healthView) Bytes(n int) string {
	for _, of := range []struct {
		size int
		name string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= of.size {
			return fmt.Sprintf("%.3g %s", float64(n)/float64(of.size), of.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}

func (c *Console) healthPages() {
	c.read("GET /health", (*visit).healthPage)
	c.read("GET /health.json", (*visit).healthFile)
}

// healthPage is the page, or what is inside of it for a script that fetches it anew.
func (v *visit) healthPage() error {
	h, err := v.health()
	if refusal := refused(err); v.isPart() && refusal != nil && refusal.Status != http.StatusUnauthorized {
		return v.part("health", healthView{Refusal: refusal})
	}
	switch {
	case err != nil:
		return err
	case v.isPart():
		return v.part("health", healthView{Health: h})
	}
	return v.show(http.StatusOK, "health", Page{Title: "Health", Section: "health", Content: healthView{Health: h}})
}

// healthFile is the API's answer as it is, to be sent along with a question.
func (v *visit) healthFile() error {
	answer, err := v.api.Do(http.MethodGet, healthPath, "", nil)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/json; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="doorward-health.json"`)
	_, _ = v.w.Write(answer.Body) // a client that has gone needs none
	return nil
}
