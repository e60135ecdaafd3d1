package mix

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer of the API.
const maxAnswer = 1 << 20

// call asks the API of a gateway as an administrator and wants this status. What it sends and gets is in no error.
func call(ctx context.Context, g Gateway, token, method, path, body string, want int) error {
	status, err := ask(ctx, g, token, method, path, body)
	if err != nil {
		return err
	}
	if status != want {
		return fmt.Errorf("%s %s is answered %d, not %d", method, path, status, want)
	}
	return nil
}

// administrators share a few connections beside those of the load.
var administrators = &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: 4, IdleConnTimeout: 10 * time.Second}}

func ask(ctx context.Context, g Gateway, token, method, path, body string) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+g.Address+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Api-Token "+token)
	r.Header.Set("Content-Type", "application/json")
	response, err := administrators.Do(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer))
	return response.StatusCode, err
}
