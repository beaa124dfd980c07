# Commands for developers. `make` without a target prints this list. Everything runs inside .venv.
.DEFAULT_GOAL := help
.PHONY: help setup up down status test quick browser docker-test bare-test jaeger-test grafana-test check coverage bench generate stubs release clean ci
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
LIBRARY_TESTS := tests/unit/instrumentation tests/unit/export tests/integration/instrumentation tests/integration/export

help:         ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/dev.stamp  ## install everything that development needs

up: .venv/run.stamp  ## start the stack, return when it is healthy
	@$(BIN)/sightline up

down: .venv/run.stamp  ## stop the stack
	@$(BIN)/sightline down

status: .venv/run.stamp  ## show roles, states and addresses
	@$(BIN)/sightline status

test: .venv/dev.stamp  ## unit, contract, integration, system; or TESTS="PATH…"
	$(BIN)/pytest -n 2 --dist loadfile $(TESTS)

quick: .venv/dev.stamp  ## lint of changed files, unit and contract tests of their rooms
	$(BIN)/python -m tests.quick $(BASE)

browser: .venv/browser.stamp  ## pages in a real browser (requires chromium on PATH)
	$(BIN)/pytest tests/browser

check: .venv/dev.stamp  ## lint, types, shell scripts
	$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy
	find . \( -name .venv -o -name node_modules \) -prune -o \( -name '*.sh' -o -path ./.ci/run \) -exec $(BIN)/shellcheck {} +

coverage: .venv/dev.stamp  ## branch coverage of the library, dead code
	$(BIN)/vulture
	$(BIN)/coverage erase && $(BIN)/coverage run -m pytest -q -n 2 --dist loadfile --deselect tests/unit/instrumentation/test_growth.py --deselect tests/unit/instrumentation/test_abuse.py $(LIBRARY_TESTS)
	$(BIN)/coverage combine -q && $(BIN)/coverage report

generate: .venv/dev.stamp  ## write rules, dashboards, reference pages and counts
	$(BIN)/python -m sightline.mixin \
	    $${SIGHTLINE_DASHBOARDS_URL:+--dashboards-url "$$SIGHTLINE_DASHBOARDS_URL"} \
	    $${SIGHTLINE_RUNBOOKS_URL:+--runbooks-url "$$SIGHTLINE_RUNBOOKS_URL"}
	$(BIN)/python -m sightline.mixin.counts

bench: .venv/bench.stamp  ## measure costs beside other libraries
	$(BIN)/python -m tests.benchmarks

docker-test: .venv/dev.stamp  ## compose stack on a container engine
	$(BIN)/pytest tests/docker

bare-test: .venv/dev.stamp  ## README.md on bare systems (requires an engine)
	$(BIN)/pytest tests/bare

jaeger-test: .venv/dev.stamp  ## configuration of Jaeger with the jaeger on PATH
	$(BIN)/pytest tests/jaeger

grafana-test: .venv/browser.stamp  ## dashboards in the installed Grafana (chromium for its pages)
	$(BIN)/pytest tests/grafana

stubs: .venv/dev.stamp  ## write the gRPC stubs of the demo from demo_services/rpc/users.proto
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. --grpc_python_out=. demo_services/rpc/users.proto

release: .venv/dev.stamp  ## cut a release: VERSION=X.Y.Z
	@sh requirements/release.sh "$(VERSION)" $(DATE)

ci:           ## run everything that CI runs
	.ci/run

clean:        ## remove state, environment and caches of this checkout
	-@[ -x $(BIN)/sightline ] && $(BIN)/sightline down
	rm -rf .venv .sightline .mypy_cache .ruff_cache .pytest_cache .hypothesis dist

.venv/run.stamp: requirements/run.lock pyproject.toml
	@PYTHON=$(PYTHON) sh requirements/install.sh run

.venv/dev.stamp: .venv/run.stamp requirements/dev.lock
	@PYTHON=$(PYTHON) sh requirements/install.sh dev

.venv/browser.stamp: .venv/dev.stamp requirements/browser.lock
	@PYTHON=$(PYTHON) sh requirements/install.sh browser

.venv/bench.stamp: .venv/dev.stamp requirements/bench.lock
	@PYTHON=$(PYTHON) sh requirements/install.sh bench
