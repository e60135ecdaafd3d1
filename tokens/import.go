package tokens

import (
	"context"

	"github.com/doorward/doorward/internal/fault"
)

// ImportRequest brings in a token that was made elsewhere, so that its holders can go on using it.
type ImportRequest struct {
	Attributes
	Text     Secret // the whole text
	ID       string // of an old-format token: a UUID, made up when empty; of any other: empty, it is in the text
	Disabled bool   // stored, but switched off
}

// Import stores a token under its existing secret, of which only the digest is kept. fault.Invalid says what is wrong
// with the request, without its text; fault.Conflict when the token is there already.
func (s *Service) Import(ctx context.Context, actor string, request ImportRequest) (Record, error) {
	identified, class, err := s.identify(request)
	if err != nil {
		return Record{}, err
	}
	r, err := s.record(request.Attributes, kindOf(identified.ID), class)
	if err != nil {
		return Record{}, err
	}
	r.ID, r.Digest, r.Legacy = identified.ID, identified.Digest, identified.Legacy
	r.Enabled = !request.Disabled
	if err := s.add(ctx, actor, "import", r); err != nil {
		return Record{}, err
	}
	return r, nil
}

// identify reads the text: it fills in ID, Digest and Legacy.
func (s *Service) identify(request ImportRequest) (Record, Class, error) {
	text := request.Text.Reveal()
	if legacyShape(text) {
		id, err := s.legacyID(request.ID)
		return Record{ID: id, Digest: DigestOf(text), Legacy: true}, ClassToken, err
	}
	presented, err := s.config.Formats.Parse(text)
	if err != nil {
		return Record{}, 0, fault.New(fault.Invalid, "The text is neither a token of a known kind nor one of the old format "+
			"(8 to 128 letters, digits or any of - _ ~).", err)
	}
	if len(presented.Format.Schemes) == 0 {
		return Record{}, 0, invalid("A token of this kind (%s) is of no use here.", presented.Format.Name)
	}
	if request.ID != "" && request.ID != presented.ID {
		return Record{}, 0, invalid("The identifier of this token is part of its text; leave it out.")
	}
	return Record{ID: presented.ID, Digest: presented.Digest()}, presented.Format.Class, nil
}

func (s *Service) legacyID(wanted string) (string, error) {
	if wanted == "" {
		id, err := newUUID(s.config.Random)
		if err != nil {
			return "", fault.New(fault.Internal, "The token could not be stored.", err)
		}
		return id, nil
	}
	if !isUUID(wanted) {
		return "", invalid("The identifier of an old-format token is a UUID in lower case, such as 01234567-89ab-cdef-0123-456789abcdef.")
	}
	return wanted, nil
}

// isUUID accepts the canonical spelling only, so that one token has one identifier.
func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if text[i] != '-' {
				return false
			}
		} else if !LowerHex.holds(text[i : i+1]) {
			return false
		}
	}
	return true
}
