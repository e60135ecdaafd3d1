package policyengine

import (
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of Options, and the bound that no option lifts.
const (
	DefaultCacheBytes  = 64 << 20
	DefaultLifetime    = MaxLifetime
	DefaultEvaluation  = time.Second
	DefaultPreparation = time.Second
	DefaultStatements  = 200_000
	MaxLifetime        = 30 * time.Second
)

// Options are the engine's settings. Zero values stand for the defaults.
type Options struct {
	// CacheBytes bounds the decision cache. Negative: no cache.
	CacheBytes int64
	// Lifetime is how long a decision may be given again, at most MaxLifetime. A hit does not prolong it.
	Lifetime time.Duration
	// Evaluation is how long one evaluation may take before it is a fault.
	Evaluation time.Duration
	// Preparation is how long Publish compiles for the subjects seen lately before the new policies take over. What is
	// not ready by then is compiled when it is first asked for.
	Preparation time.Duration
	// Statements bounds the compiled sets by the number of their statements, 2 KiB each; one that lists many values counts
	// as several.
	Statements int
}

// Engine decides. All methods may be called at the same time.
type Engine struct {
	options    Options
	current    atomic.Pointer[policies]
	publishing sync.Mutex
	sets       *compiledSets
	cache      *decisionCache
	deciding   flights[string, *decision]
}

// New returns an engine without policies; until the first are published every request is a fault. Close it after use.
func New(options Options) (*Engine, error) {
	options = options.withDefaults()
	// One compilation at a time leaves the other processors to requests.
	sets, err := newCompiledSets(options.Statements, 1)
	if err != nil {
		return nil, err
	}
	e := &Engine{options: options, sets: sets}
	if options.CacheBytes > 0 {
		if e.cache, err = newDecisionCache(options.CacheBytes); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (o Options) withDefaults() Options {
	if o.CacheBytes == 0 {
		o.CacheBytes = DefaultCacheBytes
	}
	if o.Lifetime <= 0 || o.Lifetime > MaxLifetime {
		o.Lifetime = DefaultLifetime
	}
	if o.Evaluation <= 0 {
		o.Evaluation = DefaultEvaluation
	}
	if o.Preparation <= 0 {
		o.Preparation = DefaultPreparation
	}
	if o.Statements <= 0 {
		o.Statements = DefaultStatements
	}
	return o
}

// Close frees the cache. Requests that are still decided are not disturbed.
func (e *Engine) Close() { e.cache.close() }
