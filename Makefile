# Portside: `make help` lists the targets. Everything here works on a fresh machine with Python 3.11 and Node 20.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
LEGACY := .venv-legacy
PY := $(VENV)/bin/python
B ?=
T ?= tests

.PHONY: help setup run demo test compat fuzz check freeze screenshots bench format lint types imports clean

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  \1\t/' | expand -t 12

setup: $(VENV)/.ready node_modules/.ready portside/web/static/dist/manifest.json ## Prepare .venv and the web assets

$(VENV)/.ready: pyproject.toml constraints.txt
	@echo "Setting up Python (about half a minute the first time) …"
	@test -x $(PY) || python3 -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

# Clients that their makers have retired want libraries of their time.
$(LEGACY)/.ready: tests/compat/retired/requirements.txt
	@echo "Fetching the retired Python client …"
	@test -x $(LEGACY)/bin/python || python3 -m venv $(LEGACY)
	@$(LEGACY)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

node_modules/.ready: package.json package-lock.json
	@echo "Fetching web assets …"
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

portside/web/static/dist/manifest.json: node_modules/.ready $(shell find portside/web portside/portal -name '*.html' -o -name '*.css' -o -name '*.js' 2>/dev/null | grep -v /dist/) scripts/build_assets.mjs
	@echo "Building web assets …"
	@npm run --silent build

run: setup ## Start Portside with its demo at http://127.0.0.1:8000
	@PORTSIDE_ALLOWED_NETWORKS="$${PORTSIDE_ALLOWED_NETWORKS-127.0.0.0/8}" PORTSIDE_LOG_FORMAT=console PORTSIDE_LOG_LEVEL=warning \
		exec $(VENV)/bin/portside serve --demo

demo: setup ## Start Portside and a store whose merchants ship with it (STOREFRONT_PORT, PORTSIDE_PORT)
	@exec $(PY) scripts/demo.py

test: setup ## Run the whole suite, in parallel, on a PostgreSQL of its own (T=path for a part)
	@scripts/with_chromium.sh $(PY) -m pytest -q -n auto --dist worksteal $(T)

compat: setup $(LEGACY)/.ready ## Try other people's clients on a real server, the retired ones too
	@$(PY) -m pytest -q -n auto --dist worksteal tests/compat

fuzz: setup ## Send many requests made from the OpenAPI document (N=examples per operation)
	@PORTSIDE_FUZZ=$(or $(N),200) $(PY) -m pytest -q tests/fuzz

check: setup format lint types imports ## Everything that CI checks
	@scripts/with_chromium.sh $(PY) -m pytest -q -n auto --dist worksteal

format: setup ## Is the code formatted?
	@$(VENV)/bin/ruff format --check .

lint: setup ## Does the code keep the rules?
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/djlint --lint --quiet portside

types: setup ## Strict types
	@$(VENV)/bin/mypy

imports: setup ## Do imports go down?
	@$(VENV)/bin/lint-imports

freeze: setup ## Write the frozen surfaces anew: OpenAPI, routes, settings, schema
	@PORTSIDE_FREEZE=1 $(PY) -m pytest -q tests/house/test_frozen.py

screenshots: setup ## Take the README's screenshot anew
	@scripts/with_chromium.sh $(PY) scripts/screenshots.py

bench: setup ## Run every bench, or one: make bench B=orders
	@set -e; for name in $${B:-$(if $(B),$(B),$(basename $(notdir $(wildcard bench/*.py))))}; do \
		case $$name in __init__|support*) ;; *) $(PY) -m bench.$$name;; esac; done

clean: ## Remove what set-up made
	rm -rf $(VENV) $(LEGACY) node_modules portside/web/static/dist portside/assets
