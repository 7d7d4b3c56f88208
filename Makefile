# Two commands do all the set-up themselves: `make demo` and `make test`.
SHELL := /bin/bash
BIN := .venv/bin

.PHONY: help setup demo demo-web test test-heavy test-all bench bench-year bench-detectors bench-media bench-overlay bench-web test-browser lint schemas golden lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

setup: ## virtual environment, locked dependencies, missing system libraries
	@infra/setup

demo: setup ## audit the sample night on embedded defaults
	@$(BIN)/bwc-audit demo

demo-web: setup ## the demo, then the reviewers' application over it at http://127.0.0.1:8000/
	@$(BIN)/bwc-audit demo --web

test: setup ## all tests but those in the browser and the heavy ones
	@$(BIN)/python -m pytest

test-heavy: setup ## only the heavy tests: chaos and scale
	@$(BIN)/python -m pytest -m heavy --timeout=1800

test-browser: setup ## the reviewers' application in a real Chromium, which is installed where it is missing
	@infra/setup chromium
	@$(BIN)/python -m pytest -m browser --timeout=600

test-all: test test-browser test-heavy ## all tests: browser, chaos and scale included

bench: setup ## engine and overhead, as ratios against named baselines
	@$(BIN)/python -m tests.bench

bench-year: setup ## a year of 300,000 assignments decided and stored, on SQLite and PostgreSQL; ten minutes or more
	@$(BIN)/python -m tests.bench.back_fill

bench-web: setup ## the reviewers' application: lists of a million, the page of a large incident, fifty reviewers at once
	@$(BIN)/python -m tests.bench.lists
	@$(BIN)/python -m tests.bench incident_page reviewers

bench-detectors: setup ## precision, recall and exactness of the detectors, on labelled clips
	@$(BIN)/python -m tests.bench.detectors

bench-overlay: setup ## how often burned-in clocks are read, and wrongly; needs the Debian fonts it names
	@$(BIN)/python -m tests.bench.overlay

bench-media: setup ## what looking into video costs, against other ways of doing it
	@$(BIN)/python -m tests.bench.media

lint: setup ## formatting, lint, types, import directions
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

schemas: setup ## regenerate schemas/ from the code's own models
	@$(BIN)/python -m tests.schemas.regenerate

golden: setup ## regenerate golden files; look at the difference before committing it
	@$(BIN)/python -m tests.report.regenerate_golden
	@$(BIN)/python -m tests.cli.regenerate_golden

lock: ## resolve dependencies anew (no addresses in the lock file)
	@$(BIN)/uv lock -q --upgrade && $(BIN)/uv export -q --frozen --no-emit-project --no-header --no-annotate --all-groups -o requirements.lock

clean: ## remove what the demo and the tests made
	@rm -rf .state sample_media/source/footage sample_media/.recipes.json
