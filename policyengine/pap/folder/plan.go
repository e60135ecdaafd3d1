package folder

import (
	"context"
	"fmt"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/pap"
)

// Verb says what becomes of a thing.
type Verb string

// The verbs.
const (
	Add    Verb = "add"
	Change Verb = "change"
	Remove Verb = "remove"
)

// Difference is one thing that is in a folder and not so in the store, or in the store alone.
type Difference struct {
	Verb   Verb
	Noun   string // "boundary", "policy", "group" or "binding"
	Name   string // what tells it from others, for people; of untrusted texts
	Before string // how a folder would say it, without its identifier; "" for what is new
	After  string // "" for what goes
}

// Plan is how a store is brought to what a folder says. It has been tried from the beginning to the end, on a copy of the
// store in memory and by the code that does it in earnest.
type Plan struct {
	Differences []Difference // in the order in which they are made
	Before      *pap.Service // over what the store had
	After       *pap.Service // over what the store will have

	steps    []step
	store    Store
	scope    Scope
	snapshot snapshot
}

// step is what is done in one transaction.
type step struct {
	differences []Difference
	at          origin
	do          func(context.Context, *worker) (ast.Diagnostics, error)
	// check, where it is not nil, finds what is wrong with single ones of the differences.
	check func(*trial) Findings
}

// Options of Prepare.
type Options struct {
	Store  Store
	Scope  Scope
	Prune  bool              // what the folder does not have goes
	Policy pap.ServiceConfig // of the trial; its Store and OnChange do not count
}

// Prepare compares a folder with a store and tries all changes out. With errors among the findings there is no plan. The
// error is a fault of the store, or of the options.
func Prepare(ctx context.Context, want Contents, o Options) (*Plan, Findings, error) {
	s, err := takeSnapshot(ctx, o.Store)
	if err != nil {
		return nil, nil, err
	}
	if err := s.check(o.Scope); err != nil {
		return nil, nil, err
	}
	if o.Prune && !want.Complete {
		return nil, nil, fault.New(fault.Invalid, fmt.Sprintf("Nothing is pruned without both %s and %s in the folder.", groupsFile, bindingsFile), nil)
	}
	p := &planner{Options: o, want: want, have: s, names: s.names()}
	p.plan()
	if p.found.HasErrors() {
		p.found.sort()
		return nil, p.found, nil
	}
	plan := &Plan{steps: p.steps, store: o.Store, scope: o.Scope, snapshot: s}
	for _, step := range p.steps {
		plan.Differences = append(plan.Differences, step.differences...)
	}
	if err := plan.try(ctx, o.Policy, &p.found); err != nil {
		return nil, nil, err
	}
	p.found.sort()
	if p.found.HasErrors() {
		return nil, p.found, nil
	}
	return plan, p.found, nil
}

// try makes all changes on a copy. It goes on after an error, so that all are told at once.
func (p *Plan) try(ctx context.Context, config pap.ServiceConfig, found *Findings) error {
	service := func(d *draft) *pap.Service {
		config.Store, config.OnChange = d, nil
		return pap.NewService(config)
	}
	after := p.snapshot.clone()
	p.Before, p.After = service(p.snapshot.draft), service(after)
	w := newWorker(p.After, "trial", p.scope, p.snapshot)
	t := &trial{draft: after, worker: w, catalog: config.Catalog}
	for _, step := range p.steps {
		if step.check != nil {
			wrong := step.check(t)
			for _, f := range wrong {
				for _, d := range f.Diagnostics {
					found.add(f.File, d)
				}
			}
			if wrong.HasErrors() {
				continue
			}
		}
		remarks, err := step.do(ctx, w)
		if err != nil {
			if err := blame(found, step.at, err); err != nil {
				return err
			}
		}
		if step.check == nil { // or it has told them already
			found.about(step.at, remarks)
		}
	}
	return nil
}

// Apply makes the changes in the store, step by step, and tells done of each when it is made. A step is made wholly or not
// at all, and each leaves a store that can be decided with; after an error the ones before it stay made, and to apply the
// folder again goes on from there. Errors are faults.
func (p *Plan) Apply(ctx context.Context, service *pap.Service, actor string, done func(Difference)) error {
	settled, err := settledSince(ctx, p.store, p.snapshot.revision)
	if err != nil {
		return storeFault(err)
	}
	if !settled {
		return errMoving
	}
	w := newWorker(service, actor, p.scope, p.snapshot)
	for _, step := range p.steps {
		if _, err := step.do(ctx, w); err != nil {
			return err
		}
		for _, d := range step.differences {
			done(d)
		}
	}
	return nil
}
