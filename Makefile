# `make` alone lists the targets.
#
# Variables, all with defaults:
#   GO         the go command
#   VERSION    what `ringward version` says
#   FUZZTIME   how long each fuzz target runs
#   SOAK       how long the soak lasts
#   BENCH      which Go benchmarks run, a regular expression
#   BENCHFLAGS flags for the benchmark program, such as -rounds 9 (bench/README.md)
#   TESTFLAGS  more flags for go test, such as -run or -v

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

GO        ?= go
VERSION   ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
FUZZTIME  ?= 30s
SOAK      ?= 20m
BENCH     ?= .
BENCHFLAGS ?=
TESTFLAGS ?=

TOOLS := $(CURDIR)/.cache/bin
VAULT := $(TOOLS)/e2e-vault
# The scanner's version moves with this line alone, so that it can be raised on
# the day of a new advisory.
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

# What has a go.mod of its own, and so is in no ./...
NESTED := e2e/vault bench/lura

STATIC  := CGO_ENABLED=0 $(GO) build -trimpath
LDFLAGS := -s -w -X github.com/caddyserver/caddy/v2.CustomVersion=$(VERSION)

# step TITLE COMMAND... says what runs and how long it took.
STEP = step() { \
	local title=$$1 start=$$SECONDS; shift; \
	echo "[$$(date -u +%T)] $$title"; \
	"$$@" || { echo "[$$(date -u +%T)] $$title: FAILED after $$((SECONDS - start)) s" >&2; return 1; }; \
	echo "[$$(date -u +%T)] $$title: done in $$((SECONDS - start)) s"; }

# tool NAME MODULE-DIR PACKAGE builds .cache/bin/NAME, unless it was built from
# the same sources by the same Go. It goes by content, not by time, so that a
# cache that was brought back from another checkout counts.
TOOL = $(STEP); tool() { \
	local out=$(TOOLS)/$$1 sum; \
	sum=$$({ $(GO) env GOVERSION; find "$$2" -type f \( -name '*.go' -o -name 'go.*' \) -print0 | \
		LC_ALL=C sort -z | xargs -0 sha256sum; } | sha256sum); \
	if [[ -x $$out && -f $$out.sum && $$(<$$out.sum) == "$$sum" ]]; then return; fi; \
	mkdir -p $(TOOLS); rm -f "$$out.sum"; \
	step "building $$1 (kept in .cache/bin until its sources change)" \
		env -C "$$2" $(STATIC) -buildvcs=false -ldflags '-s -w' -o "$$out" "$$3"; \
	echo "$$sum" > "$$out.sum"; }

.PHONY: help
help: ## list the targets
	@echo "Ringward. Targets:"
	@sed -nE 's/^([a-z0-9-]+):.*## (.*)/  \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

.PHONY: build
build: ## bin/ringward, a static binary
	@$(STEP); step "building bin/ringward $(VERSION) (some minutes the first time)" \
		env $(STATIC) -ldflags '$(LDFLAGS)' -o bin/ringward ./cmd/ringward

.PHONY: test
test: need-cc e2e-vault ## every test, under the race detector, with a real Vault
	@$(STEP); export CGO_ENABLED=1 RINGWARD_E2E_VAULT=$(VAULT); \
	step "compiling with the race detector" $(GO) build -race ./caddymodule/...; \
	step "testing the rooms and the module" $(GO) test -race -timeout 15m $(TESTFLAGS) ./caddymodule/... ./cmd/...; \
	step "testing end to end, one package at a time" $(GO) test -race -p 1 -timeout 15m $(TESTFLAGS) ./e2e/...

.PHONY: e2e-vault
e2e-vault: ## the Vault server for the tests in e2e/
	@$(TOOL); tool e2e-vault e2e/vault .

.PHONY: lint-tools
lint-tools:
	@$(TOOL); \
	tool gofumpt tools mvdan.cc/gofumpt; \
	tool golangci-lint tools github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: lint
lint: lint-tools ## golangci-lint, and gofumpt on the nested modules
	@$(STEP); nested() { \
		local bad; bad=$$($(TOOLS)/gofumpt -l $(NESTED)) || return; \
		[[ -z $$bad ]] || { printf 'not formatted (make fmt):\n%s\n' "$$bad" >&2; return 1; }; }; \
	step "checking the format of $(NESTED)" nested; \
	step "linting" $(TOOLS)/golangci-lint run ./...

.PHONY: fmt
fmt: lint-tools ## format every Go file
	@$(TOOLS)/golangci-lint fmt ./... && $(TOOLS)/gofumpt -w $(NESTED)

.PHONY: fuzz
fuzz: ## each fuzz target in turn, FUZZTIME=30s each
	@$(STEP); found=0; \
	while IFS=: read -r file func; do \
		found=1; \
		step "fuzzing $$func in $$(dirname "$$file")" \
			$(GO) test -run '^$$' -fuzz "^$$func\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 100x "./$$(dirname "$$file")"; \
	done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' caddymodule e2e | \
		sed 's/:func /:/' | LC_ALL=C sort -u); \
	((found)) || { echo "no fuzz targets found" >&2; exit 1; }

.PHONY: soak
soak: e2e-vault ## load for SOAK=20m, under which memory, goroutines and open files stay level
	@$(STEP); export RINGWARD_E2E_VAULT=$(VAULT); \
	step "soaking for $(SOAK)" $(GO) test -count 1 -timeout 0 -v -run '^TestSoak$$' ./e2e/soak -for $(SOAK)

.PHONY: bench
bench: need-proxies e2e-vault ## Ringward beside bare Caddy, nginx, HAProxy and KrakenD's engine, in about 3 minutes
	@$(STEP); mkdir -p bin; step "building the benchmark" $(GO) build -o bin/bench ./bench; \
	step "measuring" bin/bench -vault $(VAULT) -out bench $(BENCHFLAGS)

.PHONY: gobench
gobench: ## every Go benchmark, BENCH=regexp for some
	@$(STEP); step "benchmarking" $(GO) test -run '^$$' -bench '$(BENCH)' -benchmem ./...

.PHONY: demo
demo: build ## run the demonstration: no Vault, provider or network needed
	@bin/ringward demo

.PHONY: govulncheck
govulncheck: ## known vulnerabilities in what is linked (needs vuln.go.dev)
	@$(STEP); step "looking for known vulnerabilities" $(GO) run $(GOVULNCHECK) ./...

.PHONY: clean
clean: ## remove what make built
	rm -rf bin .cache

# What the tests need from the machine. Root on Debian gets it installed;
# everybody else is told what to install.

.PHONY: need-cc
need-cc:
	@if command -v "$$($(GO) env CC)" >/dev/null; then exit 0; fi; \
	if [[ $$(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then \
		echo "the race detector needs a C compiler: install gcc and libc6-dev" >&2; exit 1; \
	fi; \
	$(STEP); quietly() { local out; out=$$("$$@" 2>&1) || { echo "$$out" >&2; return 1; }; }; \
	export DEBIAN_FRONTEND=noninteractive; \
	step "apt-get update" quietly apt-get -q update; \
	step "installing the Debian packages gcc and libc6-dev" \
		quietly apt-get -qy install --no-install-recommends gcc libc6-dev

.PHONY: need-proxies
need-proxies:
	@missing=(); \
	for program in nginx haproxy redis-server; do command -v $$program >/dev/null || missing+=($${program/%nginx/nginx-light}); done; \
	if ((! $${#missing[@]})); then exit 0; fi; \
	if [[ $$(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then \
		echo "measuring without some contenders; install $${missing[*]} to have them all" >&2; exit 0; \
	fi; \
	$(STEP); quietly() { local out; out=$$("$$@" 2>&1) || { echo "$$out" >&2; return 1; }; }; \
	export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1; \
	step "apt-get update" quietly apt-get -q update; \
	step "installing the Debian packages $${missing[*]}" quietly apt-get -qy install --no-install-recommends "$${missing[@]}"
