.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

CREW := .venv-crew

.PHONY: help setup lint isolation generate screenshots test crew conformance bench clean

help: ## Show what each target does
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml test-harness/pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet -e '.[services,postgres,redis,market,otel]' -e test-harness --group dev --group bench
	touch $(STAMP)

setup: $(STAMP) ## Make .venv and install everything that the other targets need

lint: setup ## ruff, mypy --strict, import-linter, and the contracts themselves
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/streamcontract lint contracts/*.yaml
	$(BIN)/python tools/generate.py --check
	$(BIN)/python tools/pages.py --check

isolation: setup ## Install each wheel alone and import every module of it
	$(BIN)/python tools/isolation.py

generate: setup ## Make the payload types and the docs' tables from the contracts
	$(BIN)/python tools/generate.py
	$(BIN)/python tools/pages.py

screenshots: setup ## Take the pictures of the docs; needs Chromium
	$(BIN)/python tools/screenshots.py

test: setup ## All tests: those that measure a pace by themselves, then the others, four at a time
	$(BIN)/pytest -m alone
	$(BIN)/pytest -m "not alone" -n 4 --dist worksteal

$(CREW)/.installed: pyproject.toml
	test -x $(CREW)/bin/python || $(PYTHON) -m venv $(CREW)
	$(CREW)/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(CREW)/bin/python -m pip install --quiet -e '.[crew,market]' --group crew
	touch $@

crew: $(CREW)/.installed ## Make .venv-crew, as CrewAI needs an environment of its own (1.2 GB), and test its agents
	$(CREW)/bin/pytest tests/services/stocks/analysts

conformance: setup ## Start the reference services, check them over real sockets, write reports/
	$(BIN)/python tools/conformance.py

bench: setup ## Events per second, as ratios within one run
	$(BIN)/python -m bench

clean: ## Remove what the other targets made
	rm -rf $(VENV) $(CREW) reports dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
