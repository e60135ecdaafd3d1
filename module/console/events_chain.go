package console

import "net/http"

// chainPath is where the API tells whether the audit trail is what was written. To ask has it verified, at most every five
// minutes.
const chainPath = "/api/doorward/v1/audit/chain"

// chainState is what is known of the audit trail as a chain.
type chainState struct {
	Refusal *Refusal // it may not be known; nil: it may
	Head    struct {
		Digest string `json:"digest"`
		Last   int64  `json:"lastId"`
		Before int    `json:"before"`
	} `json:"head"`
	Verification *struct {
		State   string `json:"state"` // whole, broken or unknown
		Ended   string `json:"ended"`
		Before  int    `json:"before"`
		Checked int    `json:"checked"`
		Break   *struct {
			ID      int64  `json:"logId"` // 0: of the trail as a whole
			Message string `json:"message"`
		} `json:"break"`
	} `json:"verification"`
	Running *struct {
		Read int `json:"read"`
		Of   int `json:"of"`
	} `json:"running"`
}

// Mark is the colour of the state.
func (c chainState) Mark() string {
	switch {
	case c.Verification == nil:
		return ""
	case c.Verification.State == "whole":
		return "good"
	case c.Verification.State == "broken":
		return "bad"
	}
	return "warn"
}

// chain asks how the trail stands. The error, where there is one, may be a refusal, which is in the state as well.
func (v *visit) chain() (chainState, error) {
	var c chainState
	err := v.api.Get(chainPath, nil, &c)
	c.Refusal = refused(err)
	return c, err
}

// chainPart renews the state while a verification is under way. Without scripts it is the way to the page.
func (v *visit) chainPart() error {
	if v.r.Header.Get("HX-Request") == "" {
		return v.done(eventsHome, "")
	}
	c, err := v.chain()
	if isRefusal(err, http.StatusUnauthorized) || err != nil && c.Refusal == nil {
		return err
	}
	return v.part("events", c)
}
