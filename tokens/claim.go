package tokens

// claim is what a credential says about itself, before anything is looked up.
type claim struct {
	id      string // identifier; "" for the old format, which is found by its digest
	secret  string // what to hash; part of the credential's text
	refusal Refusal
}

// read takes a credential apart. Whatever is refused here never reaches the store, and still has a secret to hash, so
// that it takes as much work as the rest.
func (v *Verifier) read(c Credential) claim {
	id, secret, format, err := v.config.Formats.split(c.Text)
	if err != nil {
		return v.readLegacy(c)
	}
	got := claim{id: id, secret: secret}
	switch {
	case len(format.Schemes) == 0:
		got.refusal = NotAccepted
	case !format.Accepts(c.Scheme):
		got.refusal = WrongScheme
	}
	return got
}

func (v *Verifier) readLegacy(c Credential) claim {
	if !legacyShape(c.Text) {
		return claim{secret: c.Text[:min(len(c.Text), 64)], refusal: Malformed}
	}
	got := claim{secret: c.Text}
	switch {
	case c.Scheme != APIToken:
		got.refusal = WrongScheme
	case !v.config.Legacy:
		got.refusal = LegacyOff
	}
	return got
}

// key is where the cache has the claimed token. It makes no copy: cloned says when one is due.
func (c claim) key(digest Digest) key {
	if c.id == "" {
		return key{legacy: digest}
	}
	return key{id: c.id}
}
