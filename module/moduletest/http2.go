package moduletest

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// HTTP2Answer is what came back on the one stream of a connection. Where the server ended the stream or the connection
// instead of answering, Reset names the error code of RFC 9113 section 7, such as "PROTOCOL_ERROR".
type HTTP2Answer struct {
	Status int
	Header http.Header
	Body   string
	Reset  string
}

// HTTP2 sends one request as frames of its own, over TLS to TLSAddr. The fields go out as they are, pseudo-header fields
// among them, so that a test can write what no client library would.
func (g *Gate) HTTP2(serverName string, fields []hpack.HeaderField, body string) HTTP2Answer {
	g.t.Helper()
	conn := g.dialTLS(serverName)
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if err := writeHTTP2(conn, fields, body); err != nil {
		g.t.Fatalf("writing frames: %v", err)
	}
	answer, err := readHTTP2(http2.NewFramer(conn, conn))
	if err != nil {
		g.t.Fatalf("reading frames: %v", err)
	}
	return answer
}

// dialTLS connects and shakes hands. Caddy obtains certificates in the background and has no word for when one is there,
// so the handshake is tried again for a while.
func (g *Gate) dialTLS(serverName string) *tls.Conn {
	g.t.Helper()
	config := &tls.Config{
		ServerName: serverName, NextProtos: []string{"h2"}, InsecureSkipVerify: true, // the test's own throw-away authority
	}
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for deadline := time.Now().Add(10 * time.Second); ; <-again.C {
		conn, err := tls.Dial("tcp", g.TLSAddr, config)
		if err == nil {
			return conn
		}
		if time.Now().After(deadline) {
			g.t.Fatal(err)
		}
	}
}

const firstStream = 1

func writeHTTP2(conn *tls.Conn, fields []hpack.HeaderField, body string) error {
	var out, block bytes.Buffer
	out.WriteString(http2.ClientPreface)
	encoder := hpack.NewEncoder(&block)
	for _, field := range fields {
		if err := encoder.WriteField(field); err != nil {
			return err
		}
	}
	framer := http2.NewFramer(&out, nil)
	framer.AllowIllegalWrites = true
	if err := framer.WriteSettings(); err != nil {
		return err
	}
	err := framer.WriteHeaders(http2.HeadersFrameParam{
		StreamID: firstStream, BlockFragment: block.Bytes(), EndHeaders: true, EndStream: body == "",
	})
	if err == nil && body != "" {
		err = framer.WriteData(firstStream, true, []byte(body))
	}
	if err == nil {
		_, err = conn.Write(out.Bytes())
	}
	return err
}

// readHTTP2 reads frames until the stream or the connection is over. The deadline of the connection bounds it.
func readHTTP2(framer *http2.Framer) (HTTP2Answer, error) {
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	answer := HTTP2Answer{Header: http.Header{}}
	var body strings.Builder
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return answer, err
		}
		ended := false
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			answer.note(f)
			ended = f.StreamEnded()
		case *http2.DataFrame:
			body.Write(f.Data())
			ended = f.StreamEnded()
		case *http2.RSTStreamFrame:
			answer.Reset, ended = f.ErrCode.String(), true
		case *http2.GoAwayFrame:
			answer.Reset, ended = f.ErrCode.String(), true
		case *http2.SettingsFrame:
			if !f.IsAck() {
				err = framer.WriteSettingsAck()
			}
		}
		if err != nil || ended || body.Len() > maxBody {
			answer.Body = body.String()
			return answer, err
		}
	}
}

func (a *HTTP2Answer) note(f *http2.MetaHeadersFrame) {
	if status, err := strconv.Atoi(f.PseudoValue("status")); err == nil {
		a.Status = status
	}
	for _, field := range f.RegularFields() {
		a.Header.Add(field.Name, field.Value)
	}
}

// String is the answer in one line, for messages of failed tests.
func (a HTTP2Answer) String() string {
	if a.Reset != "" {
		return "reset " + a.Reset
	}
	return fmt.Sprintf("%d %s", a.Status, a.Body)
}
