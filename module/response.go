package module

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strconv"
)

// A response with a declared length up to this many bytes is over soon; any other is long-lived.
const shortResponse = 1 << 20

// WriteHeader takes the headers that belong to the gate out of the upstream's answer. An upstream that could set them
// could speak for the gate; its own WWW-Authenticate would ask the client for a credential that never gets there.
func (x *exchange) WriteHeader(status int) {
	if x.wroteHeader {
		return
	}
	if status >= 200 || status == http.StatusSwitchingProtocols {
		x.wroteHeader = true
		x.noteStatus(status)
		header := x.ResponseWriter.Header()
		if !x.answering {
			x.cleanAnswer(header)
		}
		if x.h.CORS != nil && !x.h.CORS.Forward {
			x.allowOrigin(header)
		}
		if status != http.StatusSwitchingProtocols && isLongLived(header) {
			x.beginStream(x.leash.pull)
		}
	}
	x.ResponseWriter.WriteHeader(status)
}

func (x *exchange) cleanAnswer(header http.Header) {
	// To look costs less than to delete what is not there, which hardly ever is.
	for _, name := range x.h.identityNames {
		if header[name] != nil {
			delete(header, name)
		}
	}
	if header["Www-Authenticate"] != nil {
		delete(header, "Www-Authenticate")
	}
}

// isLongLived reports whether a response may go on for long: no length declared, or a large one.
func isLongLived(header http.Header) bool {
	values := header["Content-Length"]
	if len(values) != 1 {
		return true
	}
	n, err := strconv.ParseInt(values[0], 10, 64)
	return err != nil || n > shortResponse
}

// Write sends the header first, as every ResponseWriter does, so that WriteHeader above always has its say.
func (x *exchange) Write(p []byte) (int, error) {
	x.ensureHeader()
	n, err := x.ResponseWriter.Write(p)
	x.noteBytes(int64(n))
	return n, err
}

// ReadFrom keeps the underlying writer's fast path.
func (x *exchange) ReadFrom(r io.Reader) (int64, error) {
	x.ensureHeader()
	n, err := x.ResponseWriterWrapper.ReadFrom(r)
	x.noteBytes(n)
	return n, err
}

// FlushError sends what is buffered, header included.
func (x *exchange) FlushError() error {
	x.ensureHeader()
	return http.NewResponseController(x.ResponseWriter).Flush()
}

// Flush is FlushError for callers that cannot take the error.
func (x *exchange) Flush() { _ = x.FlushError() }

func (x *exchange) ensureHeader() {
	if !x.wroteHeader {
		x.WriteHeader(http.StatusOK)
	}
}

// Hijack hands out the connection of a WebSocket, watched: it ends with the token.
func (x *exchange) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(x.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if err := buffered.Flush(); err != nil {
		return conn, buffered, err
	}
	watched := watchWebsocket(conn)
	x.endStream() // what has watched the request so far cannot say goodbye
	x.beginStream(func(cause error) {
		watched.endWith(closePolicyViolation, func() { x.leash.pull(cause) })
	})
	return watched, bufio.NewReadWriter(buffered.Reader, bufio.NewWriter(watched)), nil
}

// noteStatus and noteBytes keep what the record of a request of remote staff says of its outcome.
func (x *exchange) noteStatus(status int) {
	if x.visit != nil {
		x.visit.outcome.status = status
	}
}

func (x *exchange) noteBytes(n int64) {
	if x.visit != nil {
		x.visit.outcome.bytes += n
	}
}
