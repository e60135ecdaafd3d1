package notify

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"
)

// ReplayWindow is how far a webhook's timestamp may be from the receiver's clock, either way.
const ReplayWindow = 5 * time.Minute

// maxSignatures bounds the signatures of one webhook: two are enough to change a secret without a gap.
const maxSignatures = 4

// ErrSignature is the one error of Verify: it does not say what was wrong.
var ErrSignature = errors.New("the webhook is not signed, not by the sender, or not now")

// sign returns the value of Doorward-Signature.
func sign(secrets []Secret, timestamp string, body []byte) string {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		signatures[i] = "v1=" + hex.EncodeToString(mac(secret, timestamp, body))
	}
	return strings.Join(signatures, ",")
}

func mac(secret Secret, timestamp string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret.text))
	h.Write([]byte(timestamp + "."))
	h.Write(body)
	return h.Sum(nil)
}

// Verify is what the receiver of a webhook does with the values of Doorward-Timestamp and Doorward-Signature. It takes the
// signature of any version that it knows and passes over others, so that one can be added. What was received before within
// ReplayWindow has to be known by its Doorward-Delivery.
func Verify(secret Secret, timestamp, signature string, body []byte, now time.Time) error {
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > ReplayWindow {
		return ErrSignature
	}
	want := mac(secret, timestamp, body)
	for _, part := range strings.SplitN(signature, ",", maxSignatures+1)[:min(maxSignatures, 1+strings.Count(signature, ","))] {
		text, known := strings.CutPrefix(strings.TrimSpace(part), "v1=")
		got, err := hex.DecodeString(text)
		if known && err == nil && hmac.Equal(got, want) {
			return nil
		}
	}
	return ErrSignature
}
