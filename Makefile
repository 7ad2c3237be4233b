# Run `make help` for what there is.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# Modules of their own, so that what they need is needed by nobody else.
nested := interop benchmarks bridge/client/generate

staticcheck := honnef.co/go/tools/cmd/staticcheck@v0.8.2
golangci_lint := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

# How long each target of `make fuzz` runs, and which ones, as a regular expression.
FUZZTIME ?= 20s
FUZZ ?= .

# Which worlds `make sim` runs: so many, from the first seed on.
SEEDS ?= 1000
FIRST ?= 1

# How many failovers `make soak` forces.
ROUNDS ?= 200

# Flags of `make bench`, such as BENCHFLAGS=--json.
BENCHFLAGS ?=

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build the program into bin/
	go build -o bin/ ./cmd/...

.PHONY: demo
demo: ## Run a local Telegram with people in it, and the daemon beside it
	go run ./cmd/godwit demo

.PHONY: test
test: check ## Install what the tests need, check and test everything
	go test -race -vet=off -timeout 25m ./...
	$(MAKE) --no-print-directory sim SEEDS=1500
	for module in $(nested); do go -C "$$module" vet ./...; go -C "$$module" test -vet=off ./...; done

.PHONY: check
check: deps ## Check formatting, then run vet and staticcheck
	@unformatted=$$(gofmt -l .); if [[ -n $$unformatted ]]; then \
		echo "not formatted (run gofmt -w):" >&2; echo "$$unformatted" >&2; exit 1; fi
	go vet ./...
	go run $(staticcheck) ./...

.PHONY: deps
deps: ## Install what the tests need beyond Go: gcc, curl, node, npm packages
	scripts/install-test-deps

.PHONY: lint
lint: ## Run golangci-lint, which takes minutes to build the first time
	for module in . $(nested); do (cd "$$module" && go run $(golangci_lint) run ./...); done

.PHONY: generate
generate: ## Write the generated Go files anew from schema/
	go generate ./...

.PHONY: interop
interop: deps ## Test against clients and servers of other makers
	go -C interop test -v ./...

.PHONY: sim
sim: ## Run SEEDS simulated worlds, from seed FIRST on
	go run ./internal/simulation/simulate -first $(FIRST) -seeds $(SEEDS)

.PHONY: bench
bench: ## Measure godwit and its rivals side by side
	go -C benchmarks run ./cmd/compare $(BENCHFLAGS)

.PHONY: soak
soak: ## Whole nodes while everything around them fails, at full size: takes an hour
	go test ./bridge/internal/fleet -run TestFailover -rounds $(ROUNDS) -timeout 6h -v | grep -v level=
	go test ./bridge/internal/soak -run TestKilledNode -rounds $(ROUNDS) -timeout 6h -v | grep -v level=
	go test ./bridge/internal/soak -run TestOnce -messages 50000 -accounts 500 -disturbances 20 -timeout 6h -v | grep -v level=
	go test ./bridge/internal/soak -run TestInbound -accounts 100 -writers 200 -rate 2000 -lasting 1m -timeout 1h -v | grep -v level=
	go test ./bridge/internal/soak -run TestResume -accounts 5000 -rest 5m -timeout 6h -v | grep -v level=

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME
	@grep -rl --include='*_test.go' '^func Fuzz' . | xargs -rn1 dirname | sort -u | while read -r dir; do \
		grep -ho '^func Fuzz[A-Za-z0-9_]*' "$$dir"/*_test.go | sed 's/^func //' | { grep -E '$(FUZZ)' || true; } | \
		while read -r target; do \
			echo "$$dir $$target"; \
			(cd "$$dir" && go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) .); \
		done; \
	done

.PHONY: clean
clean: ## Remove what building and testing leave in this directory
	rm -rf bin interop/mtcute/node_modules
	find . -name '*.test' -type f -delete
