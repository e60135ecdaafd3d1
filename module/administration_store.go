package module

// DSN is of the store that OpenAdministration would open. It may hold a password.
func (o AdministrationOptions) DSN() (string, error) {
	app, _, err := readConfig(o.Config)
	if err != nil {
		return "", err
	}
	if o.Store != "" {
		app.Store = o.Store
	}
	app.applyDefaults()
	return app.Store, nil
}
