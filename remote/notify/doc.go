// Package notify tells people and programs what happens to remote access: by mail, and by signed webhooks.
//
// What is to be told is planned and kept before anything is sent: Routes.Plan turns a Notice into a Batch of deliveries,
// one for each mail address and webhook, and the Outbox keeps it in the transaction of the change that it tells of. A
// Dispatcher sends what is due, and tries again with growing pauses for two days. A mail server that is down therefore
// delays a message and never stops a request.
//
// Every delivery is made at least once. A node that dies between sending and noting so sends again; the delivery's ID, which
// is the mail's Message-ID and the webhook's Doorward-Delivery, lets the receiver see that.
//
// A webhook is an HTTP POST of JSON with these headers:
//
//	Doorward-Delivery:  ID of the delivery, the same in every try
//	Doorward-Event:     what happened, such as remote_access.created
//	Doorward-Timestamp: when this try was signed, in seconds since 1970
//	Doorward-Signature: v1=<hex>, one for each secret, separated by commas
//
// A signature is the HMAC-SHA256 of the timestamp, a full stop and the body, byte by byte as they came. The receiver compares
// in constant time, takes no timestamp further than ReplayWindow from its own clock, and remembers the delivery IDs of that
// window; Verify does the first two. Any status of 2xx says that the delivery has arrived, 410 that none is wanted any more,
// and everything else, redirects too, that it is to be tried again.
package notify
