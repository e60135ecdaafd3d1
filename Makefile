# Everything here works from a fresh clone: what is missing is installed where this machine allows it, and said where not.

SHELL       := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory

# One set of flags for building, testing and linting, so that all of them share one build cache: with different flags
# Caddy would be compiled anew for each, which takes minutes. They are the flags of the released binary (cmd/build).
# Whatever GOFLAGS holds already is kept.
export CGO_ENABLED := 0
export GOFLAGS     := $(GOFLAGS) -trimpath -tags=nobadger,nomysql,nopgx

# Packages in which goroutines meet. They are tested a second time with the race detector; the others would only pay for it. So
# would the stories of the APIs, which ask one thing after the other.
RACE_PACKAGES ?= $(shell go list ./tokens/... ./policyengine/... ./remote/... ./internal/... ./module/... | grep -v /module/apitest$$)
TEST_TIMEOUT  ?= 20m
FUZZTIME      ?= 10s
BENCH         ?= .
TOKENS        ?= 1000000
PACKAGES      ?= ./...

CLIENTS  := cmd/doorward/testdata/clients
LINTER   := go tool -modfile=tools.mod golangci-lint
# Test data holds sources that are wrong on purpose.
SOURCES   = find . -name '*.go' -not -path '*/testdata/*' -not -path '*/node_modules/*' -not -path './.git/*'
# Modules of their own, which ./... passes over: test programs with dependencies that Doorward must not have. Some have a
# tool and no code.
NESTED    = find . -mindepth 2 -name go.mod -not -path '*/node_modules/*' -not -path './.git/*'

# $(call need,command,Debian package) installs a package where a command is missing.
need = command -v $(1) >/dev/null || { echo "$(1) is missing: installing $(2)"; $(call install,$(2)); } \
	|| { echo "$(1) is missing and could not be installed; install it and try again" >&2; exit 1; }
install = test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
	&& { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $(1); } >&2

.PHONY: help build test test-go test-race test-nested test-long test-clients console-pictures lint vet fmt fuzz bench bench-go bench-budget bench-growth bench-tokens bench-console bench-stores bench-cluster bench-peers bench-abuse cover clean setup-postgres setup-tools

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the doorward binary, as xcaddy.toml says
	go run ./cmd/build

test: test-go test-race test-nested ## all Go tests, with the race detector where goroutines meet

# Some tests run the go command themselves. With the cache filled first they find Caddy compiled, rather than compile it
# beside the go command that runs them. What they make it read is unknown to the test cache, hence -count=1.
test-go: setup-postgres setup-tools
	go build ./...
	go test -count=1 -timeout=$(TEST_TIMEOUT) ./...

# The race detector is C, so this step alone has cgo.
test-race: export CGO_ENABLED := 1
test-race: setup-postgres
	@$(call need,gcc,gcc libc6-dev)
	go test -race -timeout=$(TEST_TIMEOUT) $(RACE_PACKAGES)

test-long: setup-postgres ## random policies, requests and histories, and 100 kills in a cluster, for a quarter of an hour or so
	DOORWARD_LONG=1 go test -count=1 -timeout=40m ./policyengine/... ./module/policytest
	DOORWARD_LONG=1 go test -count=1 -timeout=40m -run=TestKilled ./module/clustertest

test-nested:
	@$(NESTED) -exec dirname {} \; | sort | while read -r dir; do \
		find "$$dir" -name '*.go' | grep -q . || continue; \
		echo "go test ./... in $$dir"; (cd "$$dir" && go test -timeout=$(TEST_TIMEOUT) ./...) || exit 1; \
	done

# The PostgreSQL tests start a server of their own from the installed programs. Where these are missing they fail, unless
# DOORWARD_WITHOUT_POSTGRES=1 leaves them out; so a missing server is a note here.
setup-postgres:
	@test ! -d module/store/postgres || command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
		|| { $(call install,postgresql); } || echo "note: PostgreSQL is not installed here and could not be"

# What checks alerts, dashboard and unit, and what backups are made with. As above: tests say where they go without, but in CI.
setup-tools:
	@for tool in promtool=prometheus sqlite3=sqlite3 systemd-analyze=systemd; do \
		command -v "$${tool%=*}" >/dev/null || { $(call install,"$${tool#*=}"); } \
			|| echo "note: $${tool%=*} is not installed here and could not be"; \
	done

# An empty run is no pass: node exits 0 when it finds no test.
test-clients: ## the tests that drive the binary with clients in Node and Chromium
	@$(call need,node,nodejs)
	@ls $(CLIENTS)/*.test.mjs >/dev/null 2>&1 || { echo "no client tests in $(CLIENTS)" >&2; exit 1; }
	@! grep -qis chromium $(CLIENTS)/*.mjs || { $(call need,chromium,chromium); }
	@test ! -f $(CLIENTS)/package.json || { $(call need,npm,npm); }
	@$(call need,sqlite3,sqlite3)
	@test ! -f $(CLIENTS)/package.json || npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund
	$(with_binary) node --test --test-concurrency=2 $(CLIENTS)/*.test.mjs

# The binary is built once for all of them.
with_binary = folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; go build -o "$$folder/doorward" ./cmd/doorward; DOORWARD_BINARY="$$folder/doorward"

console-pictures: ## the pictures in docs/console anew, of every page of the console
	@$(call need,chromium,chromium)
	@$(call need,pngquant,pngquant)
	@npm ci --prefix $(CLIENTS) --ignore-scripts --no-audit --no-fund
	$(with_binary) DOORWARD_PICTURES=1 node --test $(CLIENTS)/console-pictures.test.mjs

lint: vet ## gofmt, go vet, golangci-lint
	@unformatted=$$($(SOURCES) -print0 | xargs -0 gofmt -l); \
	test -z "$$unformatted" || { echo "not formatted (make fmt):" >&2; echo "$$unformatted" >&2; exit 1; }
	$(LINTER) run ./...

vet:
	go vet ./...

fmt: ## format the sources
	@$(SOURCES) -print0 | xargs -0 gofmt -l -w

# Each target alone, because go test takes one; the list is what the sources hold.
fuzz: ## every fuzz target for FUZZTIME (10s), one after the other
	@targets=$$($(SOURCES) -name '*_test.go' -print0 | xargs -0 grep -EHo '^func Fuzz[A-Za-z0-9_]+' | sed -E 's|/[^/]*:func | |'); \
	test -n "$$targets" || { echo "no fuzz target found" >&2; exit 1; }; \
	failed=0; \
	while read -r dir name; do \
		echo "$$dir $$name"; \
		go test -run='^$$' -fuzz="^$$name\$$" -fuzztime=$(FUZZTIME) "$$dir" || failed=1; \
	done <<<"$$targets"; \
	exit $$failed

bench-go: ## the Go benchmarks: make bench-go BENCH=Verdict PACKAGES=./policyengine
	go test -run='^$$' -bench='$(BENCH)' -benchmem -timeout=$(TEST_TIMEOUT) $(PACKAGES)

# The stages of a request and the whole of it, short and five times, one after the other each time: what the machine does meanwhile
# then meets all of them. With another build or test on it the figures are worthless.
STAGES := ^Benchmark(Serve|ServeTokens|ServeUsers|ServePolicies|ServeCatalogue|Stage|Decide|VerifyHit|VerifyAbsent|RememberedToken)$$
bench: ## what the directive costs, publication under load, checks against regressions, and the budget: some 12 minutes
	@{ echo "$$(date -u +%F), $$(nproc) CPUs: $$(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2)"; \
	for round in 1 2 3 4 5; do \
		go test -run='^$$' -bench='$(STAGES)' -benchmem -benchtime=200ms -timeout=$(TEST_TIMEOUT) ./module ./policyengine ./tokens; \
	done; \
	go test -run='^$$' -bench='^BenchmarkLookUp$$' -benchmem -timeout=$(TEST_TIMEOUT) ./benchmarks; } | grep -v '^{' | tee benchmarks/results/stages.txt
	go run ./benchmarks/cmd/floor $(FLOOR)
	go run ./benchmarks/cmd/budget -check

bench-budget: ## the budget with what was measured last
	@go run ./benchmarks/cmd/budget

# A million tokens take some 3 GiB of /tmp while it runs.
bench-growth: ## how cost grows with tokens, statements, endpoints, connections and processors: make bench-growth GROWTH='-most 10000'
	go run ./benchmarks/cmd/growth $(GROWTH)

# The store is filled by the benchmarks of the store, through the statements that make every token.
bench-tokens: export DOORWARD_BENCH_TOKENS := $(TOKENS)
bench-tokens: export DOORWARD_BENCH_FOLDER := $(CURDIR)/benchmarks/stores
bench-tokens: ## the token API over a store with a million tokens: make bench-tokens TOKENS=1000000
	@mkdir -p $(DOORWARD_BENCH_FOLDER)
	@{ echo "$$(date -u +%F), $(TOKENS) tokens, $$(nproc) CPUs: $$(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2)"; \
	go test -run='^$$' -bench=Token -benchmem -timeout=60m ./module/store/sqlite; \
	go test -run='^$$' -bench=Token -benchtime=300x -timeout=60m ./benchmarks; } | grep -v '^{' | tee benchmarks/results/tokens.txt

# A page that takes more than 100 ms at the median fails it. A million tokens take some 3 GiB of /tmp.
bench-console: export DOORWARD_STORE_TOKENS := $(TOKENS)
bench-console: ## every page of the console over a store with a million tokens: make bench-console TOKENS=100000
	@{ echo "$$(date -u +%F), $(TOKENS) tokens, a hundredth of it users, half of that groups, three times that bindings;" \
		"$$(nproc) CPUs: $$(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2)"; \
	go test -run='^$$' -bench=BenchmarkConsole -benchtime=20x -timeout=60m ./benchmarks; } | grep -v '^{' | tee benchmarks/results/console.txt

# How long it takes until a revocation by one gateway holds at the others. The test fails where that is longer than promised.
bench-cluster: export DOORWARD_BENCH_CLUSTER := $(CURDIR)/benchmarks/results/cluster.txt
bench-cluster: setup-postgres ## three gateways and one PostgreSQL: how soon a revocation holds everywhere; a few minutes
	go test -count=1 -timeout=$(TEST_TIMEOUT) -run=TestRevokedEverywhere ./module/clustertest
	@cat $(DOORWARD_BENCH_CLUSTER)

# Each engine is filled past the gateway, in bulk, and removed afterwards. For a million tokens that takes some 3 GiB of /tmp each.
bench-stores: export DOORWARD_STORE_TOKENS := $(TOKENS)
bench-stores: setup-postgres ## SQLite and PostgreSQL with 1,000,000 tokens and what goes with them: make bench-stores TOKENS=100000
	@{ echo "$$(date -u +%F), $(TOKENS) tokens, a hundredth of it users, half of that groups, three times that bindings;" \
		"$$(nproc) CPUs: $$(grep -m1 'model name' /proc/cpuinfo | cut -d: -f2)"; \
	go test -run='^$$' -bench=BenchmarkStore -benchtime=100x -timeout=120m ./benchmarks; } | grep -v '^{' | tee benchmarks/results/stores.txt

# What is compared is in benchmarks/README.md. nginx is left out where it is not to be had.
bench-peers: ## Doorward beside plain Caddy, forward_auth with OPA and nginx, in one run: make bench-peers PEERS='-rounds 1 -duration 1s'
	@command -v nginx >/dev/null || { $(call install,nginx); } || echo "note: nginx is not installed here and could not be"
	go run ./benchmarks/cmd/peers $(PEERS)
	go run ./benchmarks/cmd/budget

# What is written shows in git: the results, and the section of the README with them.
bench-abuse: ## floods of bad requests, and what honest clients notice of them; some 4 minutes: make bench-abuse ABUSE='-rounds 1 -only crowd'
	go run ./benchmarks/cmd/abuse $(ABUSE)

cover: ## test coverage, in cover.html; the sum is printed
	go test -short -coverpkg=./... -coverprofile=cover.out $(PACKAGES)
	go tool cover -html=cover.out -o cover.html
	@go tool cover -func=cover.out | tail -n 1

clean: ## remove what these targets made
	rm -rf doorward doorward.exe cover.out cover.html $(CLIENTS)/node_modules
