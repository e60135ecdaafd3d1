package module

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/doorward/doorward/module/decisionlog"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/tokens"
)

// statistics are collectors of what the parts of a gate count by themselves: nothing is added to the way of a request.
func (g *gate) statistics() []prometheus.Collector {
	return []prometheus.Collector{
		newCollector(g.verifier.Stats, tokenMetrics), newCollector(g.rules.engine.Stats, policyMetrics),
		newCollector(func() *gate { return g }, gateMetrics), hitAges{g.rules.engine.Stats},
	}
}

func (d *decisionRing) collector() prometheus.Collector {
	return newCollector(d.stats, decisionLogMetrics)
}

// metric is a number out of a snapshot S.
type metric[S any] struct {
	prometheus.Opts
	kind  prometheus.ValueType
	value func(S) float64
}

const (
	counted = prometheus.CounterValue
	gauged  = prometheus.GaugeValue
)

var tokenMetrics = []metric[tokens.Stats]{
	{prometheus.Opts{
		Name: "doorward_token_cache_hits_total",
		Help: "Tokens answered from memory.",
	}, counted, func(s tokens.Stats) float64 { return float64(s.Hits) }},
	{prometheus.Opts{
		Name: "doorward_token_cache_absent_hits_total",
		Help: "Tokens known from memory not to exist.",
	}, counted, func(s tokens.Stats) float64 { return float64(s.AbsentHits) }},
	{prometheus.Opts{
		Name: "doorward_token_cache_stale_total",
		Help: "Tokens answered from memory past their lifetime, because the store was away.",
	}, counted, func(s tokens.Stats) float64 { return float64(s.Stale) }},
	{prometheus.Opts{
		Name: "doorward_token_cache_misses_total",
		Help: "Tokens that had to wait for the store.",
	}, counted, func(s tokens.Stats) float64 { return float64(s.Misses) }},
	{prometheus.Opts{
		Name: "doorward_token_cache_queries_total",
		Help: "Questions to the store about tokens; fewer than misses where several waited for one.",
	}, counted, func(s tokens.Stats) float64 { return float64(s.Queries) }},
	{prometheus.Opts{
		Name: "doorward_token_cache_faults_total",
		Help: "Questions to the store about tokens that it could not answer.",
	}, counted, func(s tokens.Stats) float64 { return float64(s.Faults) }},
	{prometheus.Opts{
		Name: "doorward_token_cache_crowded_total",
		Help: "Tokens that were not looked up, because too many others were at that time; each was answered with 503.",
	}, counted, func(s tokens.Stats) float64 { return float64(s.Crowded) }},
	{prometheus.Opts{
		Name: "doorward_token_cache_entries",
		Help: "Tokens remembered.",
	}, gauged, func(s tokens.Stats) float64 { return float64(s.Cached) }},
	{prometheus.Opts{
		Name: "doorward_token_cache_absent_entries",
		Help: "Identifiers remembered that no token has.",
	}, gauged, func(s tokens.Stats) float64 { return float64(s.Absent) }},
	{prometheus.Opts{
		Name: "doorward_last_used_faults_total",
		Help: "Failed attempts to write when tokens were last used.",
	}, counted, func(s tokens.Stats) float64 { return float64(s.FlushFaults) }},
	{prometheus.Opts{
		Name: "doorward_last_used_dropped_total",
		Help: "Uses of tokens that were not noted for want of room.",
	}, counted, func(s tokens.Stats) float64 { return float64(s.DroppedUses) }},
	{prometheus.Opts{
		Name: "doorward_scope_uses_dropped_total",
		Help: "Uses of scopes that were not noted for want of room.",
	}, counted, func(s tokens.Stats) float64 { return float64(s.DroppedScopeUses) }},
}

var policyMetrics = []metric[policyengine.Stats]{
	{prometheus.Opts{
		Name: "doorward_policy_cache_misses_total",
		Help: "Questions to policies that had to be evaluated.",
	}, counted, func(s policyengine.Stats) float64 { return float64(s.Misses) }},
	{prometheus.Opts{
		Name: "doorward_policy_cache_evictions_total",
		Help: "Answers of policies that had to make room for others.",
	}, counted, func(s policyengine.Stats) float64 { return float64(s.Evictions) }},
	{prometheus.Opts{
		Name: "doorward_policy_cache_entries",
		Help: "Answers of policies remembered.",
	}, gauged, func(s policyengine.Stats) float64 { return float64(s.Cached) }},
	{prometheus.Opts{
		Name: "doorward_policy_cache_bytes",
		Help: "About what the answers of policies that are remembered take.",
	}, gauged, func(s policyengine.Stats) float64 { return float64(s.CacheBytes) }},
	{prometheus.Opts{
		Name: "doorward_policy_cache_limit_bytes",
		Help: "What the answers of policies that are remembered may take.",
	}, gauged, func(s policyengine.Stats) float64 { return float64(s.CacheLimit) }},
	{prometheus.Opts{
		Name: "doorward_policy_sets_compiled_total",
		Help: "Sets of statements that were compiled.",
	}, counted, func(s policyengine.Stats) float64 { return float64(s.Compiled) }},
	{prometheus.Opts{
		Name: "doorward_policy_sets",
		Help: "Compiled sets of statements that are kept.",
	}, gauged, func(s policyengine.Stats) float64 { return float64(s.Sets) }},
	{prometheus.Opts{
		Name: "doorward_policy_statements",
		Help: "Statements in the compiled sets.",
	}, gauged, func(s policyengine.Stats) float64 { return float64(s.Statements) }},
	{prometheus.Opts{
		Name: "doorward_policy_revision",
		Help: "Revision of the store at which the policies in force were read.",
	}, gauged, func(s policyengine.Stats) float64 { return float64(s.Revision) }},
}

var gateMetrics = []metric[*gate]{
	{prometheus.Opts{
		Name: "doorward_policy_publications_total",
		Help: "Times that policies took over from the ones before.",
	}, counted, func(g *gate) float64 { return float64(g.rules.count.done.Load()) }},
	{prometheus.Opts{
		Name: "doorward_policy_publication_failures_total",
		Help: "Times that policies could not take over, so that the ones before stayed in force.",
	}, counted, func(g *gate) float64 { return float64(g.rules.count.failed.Load()) }},
	{prometheus.Opts{
		Name: "doorward_judged_bodies_bytes",
		Help: "What the bodies take at the moment that policies are asked about.",
	}, gauged, func(g *gate) float64 { return float64(g.bodies.held.Load()) }},
	{prometheus.Opts{
		Name: "doorward_revocation_lag_seconds",
		Help: "Time since all changes of the store had been applied: how old a revocation may be that this gateway has not heard of. " +
			"Around a quarter of a second while the store answers.",
	}, gauged, func(g *gate) float64 { return g.lag().Seconds() }},
	{prometheus.Opts{
		Name: "doorward_store_up",
		Help: "1 while the store answers, 0 while it does not and what is remembered has to do.",
	}, gauged, (*gate).storeUp},
}

var decisionLogMetrics = []metric[decisionlog.Stats]{
	{prometheus.Opts{
		Name: "doorward_decision_log_written_total",
		Help: "Decisions written to the decision log.",
	}, counted, func(s decisionlog.Stats) float64 { return float64(s.Written) }},
	{prometheus.Opts{
		Name: "doorward_decision_log_dropped_total",
		Help: "Decisions that the decision log lost: too many at a time, or the disk failed.",
	}, counted, func(s decisionlog.Stats) float64 { return float64(s.Dropped) }},
	{prometheus.Opts{
		Name: "doorward_decision_log_faults_total",
		Help: "Failed attempts to write to the decision log.",
	}, counted, func(s decisionlog.Stats) float64 { return float64(s.Errors) }},
	{prometheus.Opts{
		Name: "doorward_decision_log_bytes",
		Help: "Size of the decision log on disk.",
	}, gauged, func(s decisionlog.Stats) float64 { return float64(s.OnDisk) }},
}

// collector reads a snapshot once for all metrics that are made of it.
type collector[S any] struct {
	snapshot     func() S
	metrics      []metric[S]
	descriptions []*prometheus.Desc
}

func newCollector[S any](snapshot func() S, metrics []metric[S]) prometheus.Collector {
	c := collector[S]{snapshot: snapshot, metrics: metrics}
	for _, m := range metrics {
		c.descriptions = append(c.descriptions, prometheus.NewDesc(m.Name, m.Help, nil, nil))
	}
	return c
}

// Describe is part of prometheus.Collector.
func (c collector[S]) Describe(to chan<- *prometheus.Desc) {
	for _, d := range c.descriptions {
		to <- d
	}
}

// Collect is part of prometheus.Collector.
func (c collector[S]) Collect(to chan<- prometheus.Metric) {
	s := c.snapshot()
	for i, m := range c.metrics {
		to <- prometheus.MustNewConstMetric(c.descriptions[i], m.kind, m.value(s))
	}
}

// hitAges counts the answers of policies that were given again, by their age. It is no histogram, because nobody adds the
// ages up.
type hitAges struct{ stats func() policyengine.Stats }

var hitAgeOptions = prometheus.Opts{
	Name: "doorward_policy_cache_hits_total",
	Help: "Answers of policies that were given again, by the age that they had at most: 1s, 3s, 10s, 20s, 30s.",
}

var hitAgeDescription = prometheus.NewDesc(hitAgeOptions.Name, hitAgeOptions.Help, []string{"age"}, nil)

// Describe is part of prometheus.Collector.
func (hitAges) Describe(to chan<- *prometheus.Desc) { to <- hitAgeDescription }

// Collect is part of prometheus.Collector.
func (h hitAges) Collect(to chan<- prometheus.Metric) {
	for i, n := range h.stats().Ages {
		limit := policyengine.MaxLifetime
		if i < len(policyengine.AgeLimits) {
			limit = policyengine.AgeLimits[i]
		}
		to <- prometheus.MustNewConstMetric(hitAgeDescription, counted, float64(n), limit.String())
	}
}
