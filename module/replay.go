package module

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/module/decisionlog"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/pap"
)

// ReplayOptions say which recorded decisions are decided again.
type ReplayOptions struct {
	Folder  string    // of the decision log
	Account string    // of the gateway that made the decisions
	Since   time.Time // only those that are not older; zero for all
	Records int       // at most so many, the newest; 0 means 100,000
	Samples int       // of each group that are named; 0 means none
	// GroupsOf are the groups of a user, as they are now: which they were is not recorded.
	GroupsOf func(ctx context.Context, user string) ([]string, error)
}

const defaultReplayed = 100_000

// Replayed is what other policies would have said to recorded decisions. Texts in it are what clients sent: quote them
// before they reach a terminal.
type Replayed struct {
	Records  int            // that asked the policies something
	Replayed int            // of them, those that could be decided again
	Changed  int            // of those, the ones in which an answer would have been another
	Drifted  int            // of those, the ones in which today's policies say otherwise than was recorded
	Skipped  map[string]int // those that could not, by the reason
	Groups   []ReplayedGroup
}

// ReplayedGroup are answers that change alike: the same permission, in the same direction, because of the same policies.
type ReplayedGroup struct {
	Permission string
	Policies   []string // names of those that decide the new answer, or decided the old one where none does
	From, To   string   // "allow" or "deny"
	Count      int
	Samples    []ReplayedSample // the newest
}

// ReplayedSample is one answer that changes.
type ReplayedSample struct {
	ID                string // of the decision
	Time              time.Time
	User, Environment string
	Attributes        map[string][]string
}

// Reasons for which a record cannot be decided again.
const (
	skippedCut     = "the record was longer than it may be, and something is left out"
	skippedMasked  = "the user, the environment or an attribute is masked in the log"
	skippedIssuer  = "the groups came from an identity provider's token and are not recorded"
	skippedFault   = "no answer was given"
	skippedNobody  = "the user has no groups any more"
	skippedRefused = "the request can no longer be put to the policies"
)

// masked is how the log writes what an operator wants hidden.
const masked = "***"

// Replay decides recorded questions with the policies of two services, each in an engine of its own, and compares the
// answers. No gate takes part and nothing is changed. An error is about the log, the policies or the store.
func Replay(ctx context.Context, before, after *pap.Service, o ReplayOptions) (Replayed, error) {
	r := &replay{options: o, groups: map[string][]string{}, byKind: map[string]*ReplayedGroup{}}
	r.Replayed.Skipped = map[string]int{}
	for i, service := range []*pap.Service{before, after} {
		engine, err := engineOf(ctx, service)
		if err != nil {
			return Replayed{}, err
		}
		defer engine.Close()
		r.engines[i] = engine
	}
	filter := decisionlog.Filter{Since: o.Since, Match: func(r *decisionlog.Record) bool { return len(r.Questions) > 0 }}
	for record, err := range decisionlog.Scan(ctx, o.Folder, filter, cmp.Or(o.Records, defaultReplayed)) {
		if err == nil {
			err = r.record(ctx, &record)
		}
		if err != nil {
			return Replayed{}, err
		}
	}
	return r.result(), nil
}

// engineOf makes an engine with the policies of a service.
func engineOf(ctx context.Context, service *pap.Service) (*policyengine.Engine, error) {
	granted, err := service.Everything(ctx)
	if err != nil {
		return nil, err
	}
	// Each question is asked at its own time, so a cache would have little to give again.
	engine, err := policyengine.New(policyengine.Options{CacheBytes: -1})
	if err != nil {
		return nil, err
	}
	if err := engine.Publish(ctx, policiesOf(1, granted)); err != nil {
		engine.Close()
		return nil, err
	}
	return engine, nil
}

type replay struct {
	options ReplayOptions
	Replayed
	engines [2]*policyengine.Engine
	groups  map[string][]string // of users; as many as there are records at most
	byKind  map[string]*ReplayedGroup
}

// record decides one record again.
func (r *replay) record(ctx context.Context, record *decisionlog.Record) error {
	r.Records++
	groups, skipped, err := r.subject(ctx, record)
	if err != nil {
		return err
	}
	var answers []reply
	for i := range record.Questions {
		if skipped != "" {
			break
		}
		var a reply
		a, skipped = r.answer(ctx, record, &record.Questions[i], groups)
		answers = append(answers, a)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if skipped != "" {
		r.Skipped[skipped]++
		return nil
	}
	r.Replayed.Replayed++
	r.compare(record, answers)
	return nil
}

// subject is who asked, or the reason for which that cannot be told.
func (r *replay) subject(ctx context.Context, record *decisionlog.Record) (groups []string, skipped string, err error) {
	switch {
	case record.Cut:
		return nil, skippedCut, nil
	case record.User == masked || record.User == "" || record.Environment == masked || hasMasked(record.Questions):
		return nil, skippedMasked, nil
	case strings.HasPrefix(record.TokenID, jwtPrefix) || record.Kind == kindJWT:
		return nil, skippedIssuer, nil
	}
	groups, known := r.groups[record.User]
	if !known {
		if groups, err = r.options.GroupsOf(ctx, record.User); err != nil {
			return nil, "", err
		}
		r.groups[record.User] = groups
	}
	if len(groups) == 0 {
		return nil, skippedNobody, nil
	}
	return groups, "", nil
}

func hasMasked(questions []decisionlog.Question) bool {
	return slices.ContainsFunc(questions, func(q decisionlog.Question) bool {
		for _, values := range q.Attributes {
			if slices.Contains(values, masked) {
				return true
			}
		}
		return false
	})
}

// reply is what both policies say to one question.
type reply struct {
	question      *decisionlog.Question
	before, after policyengine.Verdict
}

// answer asks both engines. Whether an attribute with one value is a list by nature is not recorded, so where the answer
// is not the recorded one it is asked as a list too, and that counts if it is.
func (r *replay) answer(ctx context.Context, record *decisionlog.Record, q *decisionlog.Question, groups []string) (a reply, skipped string) {
	if q.Verdict != verdictAllow && q.Verdict != verdictDeny {
		return a, skippedFault
	}
	a.question = q
	for _, lists := range []bool{false, true} {
		request := r.request(record, q, groups, lists)
		before, err := r.engines[0].Decide(ctx, request)
		if err != nil {
			return a, skippedRefused
		}
		if lists && verdictOf(before) != q.Verdict {
			break
		}
		after, err := r.engines[1].Decide(ctx, request)
		if err != nil {
			return a, skippedRefused
		}
		if a.before, a.after = before, after; verdictOf(before) == q.Verdict {
			break
		}
	}
	return a, ""
}

func (r *replay) request(record *decisionlog.Record, q *decisionlog.Question, groups []string, lists bool) policyengine.Request {
	request := policyengine.Request{
		Subject: policyengine.Subject{User: record.User, Groups: groups}, Account: r.options.Account, Environment: record.Environment,
		Permission: q.Permission, Now: record.Time,
	}
	_, request.Subject.UserDomain, _ = strings.Cut(record.User, "@")
	for _, name := range slices.Sorted(maps.Keys(q.Attributes)) {
		values := q.Attributes[name]
		request.Attributes = append(request.Attributes, policyengine.Attribute{
			Name: name, Values: values, Known: true, List: lists || len(values) != 1,
		})
	}
	return request
}

func verdictOf(v policyengine.Verdict) string {
	if v.Allow {
		return verdictAllow
	}
	return verdictDeny
}

// compare counts what changes in a record.
func (r *replay) compare(record *decisionlog.Record, answers []reply) {
	changed, drifted := false, false
	for _, a := range answers {
		drifted = drifted || verdictOf(a.before) != a.question.Verdict
		if a.before.Allow == a.after.Allow {
			continue
		}
		changed = true
		g := r.group(a)
		if g.Count++; len(g.Samples) < r.options.Samples {
			g.Samples = append(g.Samples, ReplayedSample{record.ID, record.Time, record.User, record.Environment, a.question.Attributes})
		}
	}
	if changed {
		r.Changed++
	}
	if drifted {
		r.Drifted++
	}
}

// group finds the answers that change like this one.
func (r *replay) group(a reply) *ReplayedGroup {
	g := ReplayedGroup{Permission: a.question.Permission, From: verdictOf(a.before), To: verdictOf(a.after)}
	reasons := a.after.Reasons
	if len(reasons) == 0 {
		reasons = a.before.Reasons
	}
	for _, reason := range reasons {
		g.Policies = append(g.Policies, reason.PolicyName)
	}
	slices.Sort(g.Policies)
	g.Policies = slices.Compact(g.Policies)
	key := strings.Join(append([]string{g.Permission, g.From}, g.Policies...), "\x00")
	if r.byKind[key] == nil {
		r.byKind[key] = &g
	}
	return r.byKind[key]
}

// result has the groups in which most changes first.
func (r *replay) result() Replayed {
	for _, key := range slices.Sorted(maps.Keys(r.byKind)) {
		r.Groups = append(r.Groups, *r.byKind[key])
	}
	slices.SortStableFunc(r.Groups, func(a, b ReplayedGroup) int { return cmp.Compare(b.Count, a.Count) })
	return r.Replayed
}
