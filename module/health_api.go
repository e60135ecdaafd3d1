package module

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/doorward/doorward/internal/rest"
	"github.com/doorward/doorward/module/store"
)

// health is the answer to the question how the gateway is. It names no database, file or secret.
type health struct {
	Gateway       gatewayView        `json:"gateway"`
	Ready         bool               `json:"ready"`
	Problems      []string           `json:"problems"`
	Store         storeView          `json:"store"`
	Policies      policiesView       `json:"policies"`
	Caches        []cacheView        `json:"caches"`
	Issuers       []issuerView       `json:"issuers"`
	SigningKeys   []signingKeyView   `json:"signingKeys"`
	Encryption    int                `json:"encryptionKeys"` // how many are configured
	Notifications []notificationView `json:"notifications"`
	DecisionLog   *decisionLogView   `json:"decisionLog"` // null: none is kept
	Sites         []siteView         `json:"sites"`
}

type storeView struct {
	Engine       string    `json:"engine"`
	Up           bool      `json:"up"`
	LagSeconds   float64   `json:"revocationLagSeconds"`
	ServingUntil time.Time `json:"servingUntil,omitzero"` // of what is remembered; only while the store is down
	Revision     int64     `json:"revision"`
	Schema       int64     `json:"schema"` // number of its newest migration
}

type policiesView struct {
	Revision     int64     `json:"revision"` // of the store, at which those in force were read
	Statements   int       `json:"statements"`
	Sets         int       `json:"sets"` // of statements, one for all who have the same bindings
	FailingSince time.Time `json:"failingSince,omitzero"`
}

// cacheView is a cache with its bound.
type cacheView struct {
	Name    string `json:"name"`
	Entries int    `json:"entries"`
	Limit   int    `json:"limit,omitempty"` // of entries
	Bytes   int64  `json:"bytes,omitempty"`
	Most    int64  `json:"bytesLimit,omitempty"`
}

// issuerView is an issuer of JWTs with the state of its keys.
type issuerView struct {
	URL         string    `json:"url"`
	Own         bool      `json:"own"` // the gateway's own tokens
	Keys        int       `json:"keys"`
	Loaded      time.Time `json:"loaded,omitzero"` // when its keys were last fetched
	Refreshes   uint64    `json:"refreshes"`
	Faults      uint64    `json:"faults"`
	UnknownKeys uint64    `json:"unknownKeys"`
	Unavailable uint64    `json:"unavailable"` // requests that ended in a fault for want of keys
}

type signingKeyView struct {
	ID        string    `json:"id"` // the kid of its tokens
	Created   time.Time `json:"created"`
	SignsFrom time.Time `json:"signsFrom"`
}

// notificationView is what became of tries to tell somebody of remote access.
type notificationView struct {
	Channel   string `json:"channel"`
	Delivered uint64 `json:"delivered"`
	Later     uint64 `json:"later"`
	GivenUp   uint64 `json:"givenUp"`
}

type decisionLogView struct {
	Written uint64 `json:"written"`
	Dropped uint64 `json:"dropped"`
	Errors  uint64 `json:"errors"`
	Bytes   int64  `json:"bytes"`
}

// siteView is where requests come to a gate.
type siteView struct {
	Hosts  []string `json:"hosts"` // none: any
	Listen []string `json:"listen"`
	API    bool     `json:"api"` // Doorward's own API is there as well
}

// healthTimeout bounds how long an answer waits for a store that may be what is wrong.
const healthTimeout = 2 * time.Second

func (a *API) showHealth(w http.ResponseWriter, call *rest.Call) error {
	now, g := time.Now(), a.app.gate
	report := g.facts().report(now)
	ctx, cancel := context.WithTimeout(call.Context(), healthTimeout)
	defer cancel()
	sites, err := a.sites()
	if err != nil {
		return err
	}
	stored, err := g.storeView(ctx, report)
	if err != nil {
		return err
	}
	answer := health{
		Gateway: g.view(now), Ready: report.Ready, Problems: report.Problems, Store: stored,
		Policies: g.policiesView(), Caches: g.caches(), Issuers: g.issuerViews(), SigningKeys: []signingKeyView{},
		Encryption: len(g.config.KeyMarks), Notifications: g.remote.count.views(), DecisionLog: a.app.ring.view(), Sites: []siteView{},
	}
	// A store that is away is told of above, and keeps nobody from being told the rest.
	if keys, err := g.store.SigningKeys(ctx); err == nil {
		for _, k := range keys {
			answer.SigningKeys = append(answer.SigningKeys, signingKeyView{k.ID, k.Created, k.SignsFrom})
		}
	}
	for _, s := range sites {
		answer.Sites = append(answer.Sites, siteView{append([]string{}, s.hosts...), append([]string{}, s.listen...), s.api})
	}
	return rest.Write(w, http.StatusOK, answer)
}

func (g *gate) storeView(ctx context.Context, r readiness) (storeView, error) {
	engine, err := store.EngineOf(g.config.Store)
	if err != nil {
		return storeView{}, err
	}
	schema, err := store.NewestSchema(ctx, engine)
	return storeView{
		Engine: engine, Up: r.Store.Up, LagSeconds: r.Store.LagSeconds, ServingUntil: r.Store.ServingUntil, Revision: r.Revision,
		Schema: schema,
	}, err
}

func (g *gate) policiesView() policiesView {
	s := g.rules.engine.Stats()
	v := policiesView{Revision: g.rules.rounds.published.Load(), Statements: s.Statements, Sets: s.Sets}
	if since := g.rules.count.failingSince.Load(); since != nil {
		v.FailingSince = since.UTC()
	}
	return v
}

// The defaults of caches, as package tokens has them.
const (
	usualTokens = 100_000
	usualAbsent = 20_000
	usualJWTs   = 10_000 // of package jwt
)

func (g *gate) caches() []cacheView {
	t, p := g.verifier.Stats(), g.rules.engine.Stats()
	all := []cacheView{
		{Name: "tokens", Entries: t.Cached, Limit: cmp.Or(g.config.Cache.Tokens, usualTokens)},
		{Name: "absent tokens", Entries: t.Absent, Limit: cmp.Or(g.config.Cache.Absent, usualAbsent)},
		{Name: "tenant tokens", Entries: t.Tenants},
		{Name: "decisions of policies", Entries: p.Cached, Bytes: p.CacheBytes, Most: p.CacheLimit},
		{Name: "groups of users", Entries: g.rules.users.Len(), Limit: rememberedUsers},
	}
	if g.issuers != nil {
		j := g.issuers.verifier.Stats()
		all = append(all,
			cacheView{Name: "JWTs", Entries: j.Cached, Limit: usualJWTs}, cacheView{Name: "refused JWTs", Entries: j.CachedBad, Limit: usualJWTs})
	}
	return all
}

func (g *gate) issuerViews() []issuerView {
	all := []issuerView{}
	if g.issuers == nil {
		return all
	}
	for _, s := range g.issuers.verifier.Stats().Issuers {
		all = append(all, issuerView{
			URL: s.URL, Own: g.issuers.own != nil && g.issuers.own.URL == s.URL, Keys: s.Keys, Loaded: s.Loaded.UTC(),
			Refreshes: s.Refreshes, Faults: s.Faults, UnknownKeys: s.UnknownKeys, Unavailable: s.Unavailable,
		})
	}
	return all
}

// views are the counts of notifications, by channel.
func (c *remoteCounters) views() []notificationView {
	counted := map[string]*notificationView{}
	metrics := make(chan prometheus.Metric)
	go func() { c.notifications.Collect(metrics); close(metrics) }()
	for m := range metrics {
		var read dto.Metric
		if m.Write(&read) != nil {
			continue
		}
		labels := map[string]string{}
		for _, pair := range read.GetLabel() {
			labels[pair.GetName()] = pair.GetValue()
		}
		v := counted[labels["channel"]]
		if v == nil {
			v = &notificationView{Channel: labels["channel"]}
			counted[v.Channel] = v
		}
		n := uint64(read.GetCounter().GetValue())
		switch labels["outcome"] {
		case deliveryMade:
			v.Delivered = n
		case deliveryLater:
			v.Later = n
		case deliveryGivenUp:
			v.GivenUp = n
		}
	}
	all := []notificationView{}
	for _, channel := range slices.Sorted(maps.Keys(counted)) {
		all = append(all, *counted[channel])
	}
	return all
}

// view is nil where no decisions are kept.
func (d *decisionRing) view() *decisionLogView {
	if d == nil {
		return nil
	}
	s := d.stats()
	return &decisionLogView{Written: s.Written, Dropped: s.Dropped, Errors: s.Errors, Bytes: s.OnDisk}
}
