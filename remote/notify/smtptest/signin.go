package smtptest

import (
	"encoding/base64"
	"strings"
)

// signIn has the conversation of an AUTH command and returns the last answer. Any password is good; what was sent is kept.
func (c *conversation) signIn(rest string) string {
	mechanism, first, _ := strings.Cut(rest, " ")
	said := []string{first}
	if mechanism == "LOGIN" {
		said = nil
		for _, question := range []string{"Username:", "Password:"} {
			_ = c.text.PrintfLine("334 %s", base64.StdEncoding.EncodeToString([]byte(question)))
			line, _ := c.text.ReadLine()
			said = append(said, line)
		}
	}
	for i, word := range said {
		plain, _ := base64.StdEncoding.DecodeString(word)
		said[i] = string(plain)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.logins = append(c.logins, mechanism+" "+strings.Join(said, "|"))
	return "235 welcome"
}
