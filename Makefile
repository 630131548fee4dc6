# Plain `make` prints the targets. The work is in .ci/, so that a shell can be
# read as a shell.

SHELL := /bin/bash
.DEFAULT_GOAL := help

# How long each fuzz target runs in `make test`; 0 leaves them to their seeds.
FUZZTIME ?= 2s
# The linter is run from source through the Go module client and stays out of
# go.mod, so that its two hundred dependencies do not become ours.
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.PHONY: help test lint race soak bench contracts demo tools testcluster fmt

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: tools ## everything that must pass: vet, gofmt, all tests, a short run of each fuzz target
	@FUZZTIME='$(FUZZTIME)' .ci/isolated .ci/test

lint: ## golangci-lint with .golangci.yaml (the first run builds it, about two minutes)
	go run $(GOLANGCI) run ./...

race: tools testcluster ## all tests under the race detector (needs a C compiler)
	@.ci/tools cc
	CGO_ENABLED=1 .ci/isolated go test -race -count=1 -timeout 30m ./...

soak: tools testcluster ## the kill tests for 200 rounds instead of 20
	MAYDAY_SOAK=1 .ci/isolated go test -run Soak -count=1 -timeout 60m ./...

bench: tools testcluster ## every benchmark, beside the bare database in the same run
	.ci/isolated .ci/bench

contracts: tools ## CONTRACTS=DIR: the test suite's exchanges against the vendors' own descriptions
	CONTRACTS='$(CONTRACTS)' .ci/isolated .ci/contracts

demo: ## a pretend company in your browser, nothing but loopback
	go run . demo

tools: ## install what the tests need and this machine lacks (Debian: postgresql, chromium, strace, prometheus, prometheus-alertmanager)
	@.ci/tools postgres chromium strace prometheus alertmanager

testcluster: ## build the Kubernetes that the tests run (bin/testcluster) and its kubectl; minutes at first
	.ci/testcluster

fmt: ## format the Go code
	gofmt -w .
