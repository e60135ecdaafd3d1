package module

import (
	"cmp"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
)

// logSetting says which of the staff get in, at the start and whenever that changes, whoever has changed it. That nobody does is
// nothing to speak of at the start; that nobody has to be asked is a warning.
func (d *remoteDesk) logSetting(before, after remote.Verdict, by string) {
	if before.Setting == after.Setting && (before.Reason != remote.NotLoaded || after.Setting == remote.Off) {
		return
	}
	level, was := zapcore.InfoLevel, ""
	if before.Reason != remote.NotLoaded {
		was = before.Setting.String()
	}
	if after.Setting == remote.All || after.Setting == remote.ReadOnly {
		level = zapcore.WarnLevel
	}
	d.logger.Log(level, "the setting of remote access", zap.Stringer("setting", after.Setting), zap.String("was", was), zap.String("by", by))
}

// logOpen says what has become of the open requests since they were last read: here, on the command line or at another gateway. The
// reason of a request is in the audit trail alone: it is a stranger's text.
func (d *remoteDesk) logOpen(open []remote.Request) {
	now := make(map[string]remote.Request, len(open))
	for _, r := range open {
		now[r.ID] = r
		before, known := d.open[r.ID]
		if d.open == nil || known && before.State == r.State {
			continue
		}
		d.logRequest(r, cmp.Or(r.ChangedBy, r.By))
	}
	for id, r := range d.open {
		if _, still := now[id]; !still {
			d.logger.Info("remote access has ended, or will not begin", zap.String("request", id), zap.String("user", r.User), zap.String("was", string(r.State)))
		}
	}
	d.open = now
}

// logRequest is one line about a request that is new, or in another state. Access that nobody has approved is a warning.
func (d *remoteDesk) logRequest(r remote.Request, by string) {
	level, message := zapcore.InfoLevel, "remote access is asked for"
	if r.State == remote.Accepted {
		message = "remote access is granted"
	}
	if r.BreakGlass {
		level, message = zapcore.WarnLevel, "remote access is taken without approval"
	}
	d.logger.Log(level, message, zap.String("request", r.ID), zap.String("user", r.User), zap.Stringer("role", r.Role),
		zap.Time("until", untilOf(r)), zap.String("by", by))
}

// logSession is one line about the beginning or the end of a session.
func (d *remoteDesk) logSession(message string, one *session) {
	who := one.visitor
	d.logger.Info(message, zap.String("session", one.id), zap.String("user", who.user), zap.Stringer("role", who.role),
		zap.Stringer("setting", who.setting), zap.String("request", one.key.grant), zap.String("environment", who.environment), zap.String("client", who.client))
}

// logUntold warns an operator who lets staff take access without approval, which is only as safe as it is loud, and has nobody told.
func (d *remoteDesk) logUntold() {
	loud := d.routes.Plan(notify.Notice{Event: notify.BreakGlass})
	if d.rules.rules.BreakGlass != remote.NoRole && len(loud.Deliveries) == 0 {
		d.logger.Warn("remote_access: break_glass is on, and neither mail nor a webhook tells anybody when it is used")
	}
}
