package console

import "net/http"

// policy lets a page load nothing but the console's own files, be framed by nobody and post to nobody else. There is no
// 'unsafe-inline' in it: no page has a script, a style or an attribute of either in its text, so that a name which got
// through as HTML would still run nothing.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// harden sets what every answer of the console has. A page is about one person at one moment, so none is kept anywhere;
// assets say otherwise of themselves. The referrer goes no further than the console: a policy of `no-referrer` would make
// browsers send `Origin: null` with forms, by which their origin could not be told.
func harden(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=(), clipboard-write=(self)")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}
