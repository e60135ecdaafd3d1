package regogen

import (
	"context"
	"errors"

	"github.com/open-policy-agent/opa/v1/storage"
)

// nothing is a store without data, and a transaction on it. All that rules know is in their input and in themselves. OPA
// asks its store for what the rules might share a path with, so there has to be one; this one takes no lock and keeps no
// transactions, and any number of evaluations may use it at once.
type nothing struct {
	storage.WritesNotSupported
	storage.PolicyNotSupported
	storage.TriggersNotSupported
}

func (nothing) ID() uint64 { return 0 }

func (n nothing) NewTransaction(context.Context, ...storage.TransactionParams) (storage.Transaction, error) {
	return n, nil
}

func (nothing) Read(context.Context, storage.Transaction, storage.Path) (any, error) {
	return nil, &storage.Error{Code: storage.NotFoundErr, Message: "there is no data"}
}

func (nothing) Truncate(context.Context, storage.Transaction, storage.TransactionParams, storage.Iterator) error {
	return errors.New("there is no data")
}

func (nothing) Commit(context.Context, storage.Transaction) error { return nil }

func (nothing) Abort(context.Context, storage.Transaction) {}
