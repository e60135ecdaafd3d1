package module

import (
	"github.com/doorward/doorward/module/store"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/tokens"
)

// newRemoteService makes the service that administers remote access over a store.
func newRemoteService(s store.Store, rules *remoteRules, routes notify.Routes, hooks remoteHooks) *remote.Service {
	return remote.NewService(remote.ServiceConfig{
		Store: s, Initial: rules.initial, Rules: rules.rules, AcceptRejected: rules.rejected, Mask: tokens.Mask, Now: hooks.now,
		Plan:     func(n remote.Notice) notify.Batch { return routes.Plan(noticeOf(n)) },
		OnChange: hooks.changed, Notify: hooks.told,
	})
}

// service is that of a command line, which works by the rules of the config and has nobody to tell at once.
func (c *RemoteAccess) service(s store.Store, trusted []Issuer) (*remote.Service, error) {
	rules, err := c.read(trusted)
	if err != nil {
		return nil, err
	}
	routes, err := c.routes()
	if err != nil {
		return nil, err
	}
	return newRemoteService(s, rules, routes, remoteHooks{}), nil
}
