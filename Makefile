# The one developer entry. `make` alone prints this list. Everything runs inside .venv.
.DEFAULT_GOAL := help
.PHONY: help setup up down status test browser docker-test bare-test jaeger-test check bench generate clean ci
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin

help:         ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: .venv/dev.stamp  ## everything a developer needs

up: .venv/run.stamp  ## the stack: sets everything up, returns when it is healthy
	@$(BIN)/sightline up

down: .venv/run.stamp  ## stop the stack
	@$(BIN)/sightline down

status: .venv/run.stamp  ## what runs where
	@$(BIN)/sightline status

test: .venv/dev.stamp  ## unit, contract, integration, system; or TESTS="PATH…"
	$(BIN)/pytest -n 2 --dist loadfile $(TESTS)

browser: .venv/browser.stamp  ## pages in a real browser (needs chromium on PATH)
	$(BIN)/pytest tests/browser

check: .venv/browser.stamp  ## lint, types, shell
	$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy

generate: .venv/dev.stamp  ## rules, dashboards, reference from sightline/mixin
	$(BIN)/python -m sightline.mixin

bench: .venv/bench.stamp  ## figures beside the peers
	$(BIN)/python -m tests.benchmarks

docker-test: .venv/dev.stamp  ## compose on a real engine
	$(BIN)/pytest tests/docker

bare-test: .venv/dev.stamp  ## the README on bare systems (needs an engine)
	$(BIN)/pytest tests/bare

jaeger-test: .venv/dev.stamp  ## our Jaeger files on a real jaeger from PATH
	$(BIN)/pytest tests/jaeger

ci:           ## what CI runs
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
