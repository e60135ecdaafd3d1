package moduletest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Opcodes of frames, RFC 6455 section 5.2.
const (
	TextFrame  = 0x1
	CloseFrame = 0x8
)

// Frame is one WebSocket frame, final and without its mask.
type Frame struct {
	Opcode  byte
	Payload []byte
}

// Status is what a close frame says, 0 where it says nothing.
func (f Frame) Status() uint16 {
	if f.Opcode != CloseFrame || len(f.Payload) < 2 {
		return 0
	}
	return binary.BigEndian.Uint16(f.Payload)
}

// Websocket is one side of a WebSocket, with nothing done behind the test's back: no pings, no answered close frames.
type Websocket struct {
	net.Conn
	in   *bufio.Reader
	mask bool // the client's side
}

// patience bounds every wait for a peer. Tests fail sooner by their own bounds; this one only keeps them from hanging.
const patience = 20 * time.Second

// DialWebsocket asks for a WebSocket. The socket is usable where the status is 101.
func (g *Gate) DialWebsocket(path, token string) (*Websocket, *http.Response) {
	g.t.Helper()
	return DialWebsocket(g.t, g.Addr, path, token)
}

// DialWebsocket does the same for any address.
func DialWebsocket(t testing.TB, addr, path, token string) (*Websocket, *http.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: a.test\r\nAuthorization: Api-Token %s\r\nConnection: Upgrade\r\n"+
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", path, token)
	in := bufio.NewReader(conn)
	response, err := http.ReadResponse(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Websocket{Conn: conn, in: in, mask: true}, response
}

// AcceptWebsocket is the upstream's side. The answer to the key is that of DialWebsocket's key, RFC 6455 section 1.3.
func AcceptWebsocket(w http.ResponseWriter, r *http.Request) (*Websocket, error) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		http.Error(w, "this is for WebSockets", http.StatusUpgradeRequired)
		return nil, errors.New("no upgrade was asked for")
	}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, err = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	return &Websocket{Conn: conn, in: buffered.Reader}, err
}

// Send writes one frame.
func (s *Websocket) Send(opcode byte, payload []byte) error {
	_, err := s.Write(AppendFrame(nil, opcode, payload, s.mask))
	return err
}

// AppendFrame adds a final frame in its shortest form.
func AppendFrame(b []byte, opcode byte, payload []byte, mask bool) []byte {
	var masked byte
	if mask {
		masked = 0x80
	}
	b = append(b, 0x80|opcode)
	switch n := len(payload); {
	case n < 126:
		b = append(b, masked|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, masked|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, masked|127), uint64(n))
	}
	if !mask {
		return append(b, payload...)
	}
	key := [4]byte{1, 2, 3, 4}
	b = append(b, key[:]...)
	for i, c := range payload {
		b = append(b, c^key[i%4])
	}
	return b
}

// Receive reads one frame; io.EOF where the connection ends between two.
func (s *Websocket) Receive() (Frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return Frame{}, err
	}
	size, err := s.size(head[1] & 0x7f)
	if err != nil {
		return Frame{}, err
	}
	var key [4]byte
	if head[1]&0x80 != 0 {
		if _, err := io.ReadFull(s.in, key[:]); err != nil {
			return Frame{}, errors.Join(io.ErrUnexpectedEOF, err)
		}
	}
	payload := make([]byte, min(size, 16*maxBody))
	if _, err := io.ReadFull(s.in, payload); err != nil {
		return Frame{}, errors.Join(io.ErrUnexpectedEOF, err)
	}
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	return Frame{head[0] & 0x0f, payload}, nil
}

func (s *Websocket) size(short byte) (uint64, error) {
	var long [8]byte
	switch short {
	case 126:
		_, err := io.ReadFull(s.in, long[6:])
		return binary.BigEndian.Uint64(long[:]), err
	case 127:
		_, err := io.ReadFull(s.in, long[:])
		return binary.BigEndian.Uint64(long[:]), err
	}
	return uint64(short), nil
}

// EchoWebsocket sends every frame back until the connection ends.
func EchoWebsocket(w http.ResponseWriter, r *http.Request) {
	s, err := AcceptWebsocket(w, r)
	if err != nil {
		return
	}
	defer s.Close()
	for {
		frame, err := s.Receive()
		if err != nil || s.Send(frame.Opcode, frame.Payload) != nil {
			return
		}
	}
}
