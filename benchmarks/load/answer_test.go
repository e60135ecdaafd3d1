package load

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// reading says how the beginning of what a server sent was understood.
func reading(text string, toHead bool) (got answer, rest string, err error) {
	in := bufio.NewReaderSize(strings.NewReader(text), bufferSize)
	a := answers{r: in}
	if got, err = a.next(toHead); err != nil {
		return got, "", err
	}
	left, err := io.ReadAll(in)
	return got, string(left), err
}

const after = "HTTP/1.1 299 the next one\r\n\r\n"

func TestAnswers(t *testing.T) {
	long := "X-Long: " + strings.Repeat("y", 3*bufferSize) + "\r\n"
	for name, test := range map[string]struct {
		text   string
		status int
		last   bool
		toHead bool
	}{
		"length":                  {text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", status: 200},
		"no reason":               {text: "HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", status: 404},
		"names in any case":       {text: "HTTP/1.1 200 OK\r\ncONTENT-lENGTH:\t 2 \r\n\r\nok", status: 200},
		"the same length twice":   {text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", status: 200},
		"chunks":                  {text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n", status: 200},
		"chunks and trailers":     {text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n1\r\nx\r\n0\r\nX-End: yes\r\n" + long + "\r\n", status: 200},
		"close":                   {text: "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok", status: 200, last: true},
		"old":                     {text: "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", status: 200, last: true},
		"old and kept":            {text: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", status: 200},
		"no content":              {text: "HTTP/1.1 204 No Content\r\n\r\n", status: 204},
		"not modified":            {text: "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n", status: 304},
		"to HEAD":                 {text: "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", status: 200, toHead: true},
		"interim before":          {text: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", status: 200},
		"upgraded":                {text: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", status: 101, last: true},
		"a field past the buffer": {text: "HTTP/1.1 200 OK\r\n" + long + "Content-Length: 2\r\n\r\nok", status: 200},
		"ends without returns":    {text: "HTTP/1.1 200 OK\nContent-Length: 2\n\nok", status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			got, rest, err := reading(test.text+after, test.toHead)
			if want := (answer{test.status, test.last}); err != nil || got != want || rest != after {
				t.Errorf("got %+v and then %.40q, %v; want %+v", got, rest, err, want)
			}
		})
	}
	t.Run("until the end", func(t *testing.T) {
		got, rest, err := reading("HTTP/1.1 200 OK\r\n\r\nhello", false)
		if want := (answer{200, true}); err != nil || got != want || rest != "" {
			t.Errorf("got %+v and then %q, %v", got, rest, err)
		}
	})
}

func TestRefusedAnswers(t *testing.T) {
	for name, text := range map[string]string{
		"two lengths":            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
		"a signed length":        "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok",
		"no length at all":       "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nok",
		"a length without bound": "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
		"length and chunks":      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"another coding":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"chunks in HTTP/1.0":     "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"chunked twice":          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"no hex":                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
		"a chunk without bound":  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\na",
		"a chunk too long":       "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
		"status of two digits":   "HTTP/1.1 20 OK\r\n\r\n",
		"status of zeros":        "HTTP/1.1 000 OK\r\n\r\n",
		"another version":        "HTTP/2.0 200 OK\r\n\r\n",
		"only interim ones":      strings.Repeat("HTTP/1.1 102 Wait\r\n\r\n", maxInterim+1),
		"a head without bound":   "HTTP/1.1 200 OK\r\n" + strings.Repeat("X-More: and more\r\n", maxHead/16),
		"a field without bound":  "HTTP/1.1 200 OK\r\nX-More: " + strings.Repeat("x", 2*maxHead) + "\r\n\r\n",
		"a status without bound": "HTTP/1.1 200 " + strings.Repeat("x", bufferSize) + "\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			if got, _, err := reading(text+after, false); !errors.Is(err, errAnswer) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

// Whatever a server sends: the reader ends, and where Go's own reader takes it too, both find the same status and the same end.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello" + after,
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n" + after,
		"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\nhello",
		"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n" + after,
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, text string, toHead bool) {
		got, rest, err := reading(text, toHead)
		if err != nil {
			return
		}
		if got.status < 100 || got.status > 999 || len(rest) >= len(text) {
			t.Fatalf("%+v, and %d of %d bytes left", got, len(rest), len(text))
		}
		method := http.MethodGet
		if toHead {
			method = http.MethodHead
		}
		in := bufio.NewReader(strings.NewReader(text))
		theirs, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil || theirs.StatusCode < 200 { // it returns each interim answer by itself
			return
		}
		if _, err := io.Copy(io.Discard, theirs.Body); err != nil {
			return
		}
		left, err := io.ReadAll(in)
		if err != nil || theirs.StatusCode != got.status || string(left) != rest {
			t.Errorf("%q: %d and then %q, but Go finds %d and %q (%v)", text, got.status, rest, theirs.StatusCode, left, err)
		}
	})
}
