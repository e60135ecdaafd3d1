package mix

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"

	"github.com/coder/websocket"

	"github.com/doorward/doorward/benchmarks/load"
)

// sockets sends messages over open WebSockets, as many as the plan has connections, and waits for the echo of each.
func sockets(ctx context.Context, g Gateway, plan load.Plan) (Outcome, error) {
	plan.Open = Socket("ws://"+g.Address+"/live/load", g.Tokens[0], plan)
	message := []byte("a message of a usual length, which comes back as it went")
	plan.Next = func(*rand.Rand, int64) load.Request { return load.Request{Raw: message, Name: "echo"} }
	result, err := load.Run(ctx, plan)
	return Outcome{Parts: []Part{{"websocket", result}}}, err
}

// Socket is a load.Plan.Open that opens WebSockets at a URL, where each message comes back. The status of an echo is 101.
func Socket(url, token string, plan load.Plan) func(context.Context) (load.Line, error) {
	var dialer net.Dialer
	if plan.LocalIP.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: plan.LocalIP.AsSlice()}
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext}}
	header := http.Header{"Authorization": {"Api-Token " + token}}
	return func(ctx context.Context) (load.Line, error) {
		conn, response, err := websocket.Dial(ctx, url, &websocket.DialOptions{HTTPClient: client, HTTPHeader: header})
		if err != nil {
			return nil, err
		}
		if response.Body != nil {
			response.Body.Close()
		}
		return socket{conn}, nil
	}
}

type socket struct{ conn *websocket.Conn }

var errEcho = errors.New("another message came back")

func (s socket) Ask(ctx context.Context, raw []byte) (int, error) {
	if err := s.conn.Write(ctx, websocket.MessageBinary, raw); err != nil {
		return 0, err
	}
	_, back, err := s.conn.Read(ctx)
	if err == nil && !bytes.Equal(raw, back) {
		err = errEcho
	}
	return http.StatusSwitchingProtocols, err
}

func (s socket) Close() error { return s.conn.CloseNow() }
