package module

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/doorward/doorward/module/decisionlog"
)

// DecisionLog keeps the latest decisions in files, so that `doorward explain` can say afterwards why a request was let
// through or not. What does not get to the disk in time is dropped and counted; no request ever waits for it.
type DecisionLog struct {
	// The folder of the files, which is made if it is missing. Several gateways may share one. Default:
	// `doorward/decisions` in Caddy's data folder.
	Folder string `json:"folder,omitempty"`

	// Bytes that the files may have together; the oldest decisions go first. Default: 64 MiB. At least 256 KiB.
	MaxSize int64 `json:"max_size,omitempty"`

	// What is written as `***`: `method`, `host`, `path`, `client_ip`, `environment`, `endpoint`, `token_id`, `user`,
	// `kind`, `detail`, `fault`, `scopes`, `query`, `attributes`, or a single attribute as `attributes.<name>`. Tokens
	// are masked wherever they stand, without this.
	Mask []string `json:"mask,omitempty"`

	// Of the requests that were let through one in so many is recorded, and of those that got 429; 1 records all. Other
	// refusals and faults are always recorded. Default: 100.
	Sample int `json:"sample,omitempty"`

	// Keep no decisions, whatever else is set. Default: off, which means that they are kept.
	Off bool `json:"off,omitempty"`
}

const (
	defaultSample       = 100
	leastDecisionLog    = 256 << 10
	defaultDecisionSize = 64 << 20
)

// completed is the log with every default filled in, and an absolute folder.
func (c DecisionLog) completed() (DecisionLog, error) {
	if err := c.check(); err != nil {
		return c, err
	}
	folder, err := filepath.Abs(cmp.Or(c.Folder, defaultDecisionFolder()))
	if err != nil {
		return c, fmt.Errorf("decision log: %w", err)
	}
	c.Folder = folder
	c.MaxSize = cmp.Or(c.MaxSize, defaultDecisionSize)
	c.Sample = cmp.Or(c.Sample, defaultSample)
	return c, nil
}

func (c DecisionLog) check() error {
	if c.MaxSize != 0 && c.MaxSize < leastDecisionLog {
		return fmt.Errorf("decision log: max_size: expected at least %dKiB", leastDecisionLog>>10)
	}
	if c.Sample < 0 {
		return errors.New("decision log: sample: expected a number above 0")
	}
	return nil
}

func defaultDecisionFolder() string {
	return filepath.Join(caddy.AppDataDir(), "doorward", "decisions")
}

// decisionRing writes decisions to a ring of files. It is apart from the gate, so that switching it on drops no cache and
// cuts no stream; like the gate it outlives a reload that leaves it as it is.
type decisionRing struct {
	log    *decisionlog.Log
	sample uint64
}

// decisionRings holds every ring that this process writes, by its encoded options.
var decisionRings = caddy.NewUsagePool()

// acquireDecisionRing opens the ring that a config asks for, or takes the one that is open; nil where it asks for none.
// release gives it back.
func acquireDecisionRing(config *DecisionLog, logger *zap.Logger) (ring *decisionRing, release func() error, err error) {
	if config == nil || config.Off {
		return nil, func() error { return nil }, nil
	}
	complete, err := config.completed()
	if err != nil {
		return nil, nil, err
	}
	key, err := json.Marshal(complete)
	if err != nil {
		return nil, nil, err
	}
	shared, _, err := decisionRings.LoadOrNew(string(key), func() (caddy.Destructor, error) {
		return openDecisionRing(complete, logger)
	})
	if err != nil {
		return nil, nil, err
	}
	release = func() error {
		_, err := decisionRings.Delete(string(key))
		return err
	}
	ring, ok := shared.(*decisionRing)
	if !ok {
		return nil, nil, errors.Join(fmt.Errorf("the pool of decision logs holds a %T", shared), release())
	}
	return ring, release, nil
}

func openDecisionRing(c DecisionLog, logger *zap.Logger) (*decisionRing, error) {
	log, err := decisionlog.Open(c.Folder, decisionlog.Options{
		MaxBytes: c.MaxSize, Mask: c.Mask,
		OnError: func(err error) { logger.Error("decisions are lost", zap.Error(err)) },
	})
	if err != nil {
		return nil, err
	}
	return &decisionRing{log, uint64(c.Sample)}, nil
}

// settled records a decision, of those to let through one in so many, and of those that are refused unseen: a flood must not
// drive out what it hides. The numbers of decisions are given to refusals as
// well, so the samples are spread over requests and not over time.
func (d *decisionRing) settled(x *exchange) {
	isMany := x.reason.decision() == verdictAllow || x.reason == reasonThrottled
	if isMany && x.id.number()%d.sample != 0 {
		return
	}
	r := x.record()
	d.log.Append(&r)
}

// stats are zero where nothing is kept.
func (d *decisionRing) stats() decisionlog.Stats {
	if d == nil {
		return decisionlog.Stats{}
	}
	return d.log.Stats()
}

// Destruct writes what is left. Caddy's pool calls it when the last config that uses the ring is gone.
func (d *decisionRing) Destruct() error { return d.log.Close() }

// DecisionFolder is where the gateway of a config, in Caddy's JSON, keeps its decisions: also where it does not say so, or
// keeps none any more. A nil config has the defaults.
func DecisionFolder(config []byte) (string, error) {
	app, _, err := readConfig(config)
	if err != nil {
		return "", err
	}
	var log DecisionLog
	if app.DecisionLog != nil {
		log = *app.DecisionLog
	}
	log, err = log.completed()
	return log.Folder, err
}
