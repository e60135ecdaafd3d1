package module

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/logging"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"

	"github.com/doorward/doorward/tokens"
)

func init() {
	caddy.RegisterModule(MaskEncoder{})
}

// MaskEncoder masks the secret part of every token and JWT in log entries, wherever it stands: Caddy's access log has
// the request as it came, with a token that a client wrote into the path or the query. It masks what another encoder
// has written, so that no field is overlooked.
type MaskEncoder struct {
	// The encoder that writes the entries. Default: `json`.
	WrappedRaw json.RawMessage `json:"wrap,omitempty" caddy:"namespace=caddy.logging.encoders inline_key=format"`

	zapcore.Encoder `json:"-"` // the wrapped encoder; every Add method is its own
}

// CaddyModule returns the Caddy module information.
func (MaskEncoder) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.logging.encoders.doorward", New: func() caddy.Module { return new(MaskEncoder) }}
}

// Provision loads the wrapped encoder.
func (m *MaskEncoder) Provision(ctx caddy.Context) error {
	if m.WrappedRaw == nil {
		encoder := new(logging.JSONEncoder)
		m.Encoder = encoder
		return encoder.Provision(ctx)
	}
	wrapped, err := ctx.LoadModule(m, "WrappedRaw")
	if err != nil {
		return fmt.Errorf("loading the wrapped encoder: %w", err)
	}
	var ok bool
	if m.Encoder, ok = wrapped.(zapcore.Encoder); !ok {
		return errors.New("the wrapped module is no encoder")
	}
	return nil
}

// ConfigureDefaultFormat hands the question for a default on to the wrapped encoder.
func (m *MaskEncoder) ConfigureDefaultFormat(output caddy.WriterOpener) error {
	if inner, ok := m.Encoder.(caddy.ConfiguresFormatterDefault); ok {
		return inner.ConfigureDefaultFormat(output)
	}
	return nil
}

// UnmarshalCaddyfile reads
//
//	doorward [<encoder>] { … }
//
// where the block is the wrapped encoder's.
func (m *MaskEncoder) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // the encoder's name
	if !d.NextArg() {
		if d.NextBlock(0) {
			return d.Errf("doorward: expected the name of an encoder before its block, such as `doorward json { … }`")
		}
		return nil
	}
	name := d.Val()
	if _, err := caddy.GetModule("caddy.logging.encoders." + name); err != nil {
		return d.Errf("doorward: expected the name of an encoder, such as json or console, got %q", name)
	}
	unmarshaled, err := caddyfile.UnmarshalModule(d, "caddy.logging.encoders."+name)
	if err != nil {
		return err
	}
	encoder, ok := unmarshaled.(zapcore.Encoder)
	if !ok {
		return d.Errf("%s is no encoder", name)
	}
	m.WrappedRaw = caddyconfig.JSONModuleObject(encoder, "format", name, nil)
	return nil
}

// Clone is part of zapcore.Encoder.
func (m MaskEncoder) Clone() zapcore.Encoder { return MaskEncoder{Encoder: m.Encoder.Clone()} }

var buffers = buffer.NewPool()

// EncodeEntry is part of zapcore.Encoder.
func (m MaskEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	encoded, err := m.Encoder.EncodeEntry(entry, fields)
	if err != nil {
		return nil, err
	}
	masked := maskQueryTokens(tokens.MaskBytes(encoded.Bytes()))
	if bytes.Equal(masked, encoded.Bytes()) {
		return encoded, nil
	}
	clean := buffers.Get()
	_, _ = clean.Write(masked) // a buffer in memory takes everything
	encoded.Free()
	return clean, nil
}

// maskQueryTokens hides the value of every query parameter under which clients send tokens, also those that the handlers
// of this process were configured with. Old-format tokens have no layout by which they could be found.
func maskQueryTokens(line []byte) []byte {
	for name := range maskedParameters.Range {
		if text, ok := name.(string); ok {
			line = maskParameter(line, []byte(text+"="))
		}
	}
	return line
}

// maskedParameters are the names of query parameters whose values are masked, in lower case. A name is never taken out:
// a log may still quote a request of the config before.
var maskedParameters = func() *sync.Map {
	names := new(sync.Map)
	for _, name := range defaultQueryTokens {
		names.Store(name, nil)
	}
	return names
}()

func maskParameter(line, name []byte) []byte {
	var out []byte
	rest := line
	for {
		at := indexFold(rest, name)
		if at < 0 {
			break
		}
		end := at + len(name)
		out = append(append(out, rest[:end]...), "***"...)
		length := bytes.IndexAny(rest[end:], "&;#\"' \\\n")
		if length < 0 {
			length = len(rest) - end
		}
		rest = rest[end+length:]
	}
	if out == nil {
		return line
	}
	return append(out, rest...)
}

// indexFold is bytes.Index without regard to the case of ASCII letters; name is in lower case.
func indexFold(line, name []byte) int {
	for i := 0; i+len(name) <= len(line); i++ {
		c := line[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c == name[0] && bytes.EqualFold(line[i:i+len(name)], name) {
			return i
		}
	}
	return -1
}

var (
	_ zapcore.Encoder                  = (*MaskEncoder)(nil)
	_ caddy.Provisioner                = (*MaskEncoder)(nil)
	_ caddy.ConfiguresFormatterDefault = (*MaskEncoder)(nil)
	_ caddyfile.Unmarshaler            = (*MaskEncoder)(nil)
)
