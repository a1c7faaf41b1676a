# `make demo` and `make test` need nothing but Python 3.11 to 3.13 and this checkout: they set up .venv first.
PYTHON ?= python3.11
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin

# Processes that run tests; each holds TensorFlow, about 2 GB.
WORKERS ?= 2
TESTS = $(RUN)/python -m pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder
# A worker that crashes fails its tests: another in its place would run the same module again, and crash again.
TESTS += --max-worker-restart 0

.DEFAULT_GOAL := help
.PHONY: help demo fast test test-all fuzz coverage check bench calibration monitoring planted docs screenshots clean

help:  ## list the targets
	@awk -F ':.*  ## ' '/^[a-z-]+:.*  ## / {printf "%-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

demo: $(READY)  ## make an example, train two candidates, audit both
	$(RUN)/audit demo

fast: $(READY)  ## tests of what needs no model, and one real model (about three minutes)
	$(TESTS) -m "not tensorflow and not slow and not browser"
	$(RUN)/python -m pytest -m smoke

test: $(READY)  ## tests of everything that a change could break (some twenty minutes)
	$(TESTS) -m "not tensorflow and not slow and not browser"
	$(TESTS) -m "tensorflow and not slow and not browser"

test-all: coverage  ## all tests: also kills, simulations, whole grids, the browser
	$(TESTS) -m tensorflow

fuzz: $(READY)  ## 2,000 damaged files for every reader of data (about half an hour)
	PYTHONPATH=. $(RUN)/python -m tests.fuzz

coverage: $(READY)  ## all tests without TensorFlow, and the share of lines and branches that they run
	$(TESTS) -m "not tensorflow" --cov --cov-report=term

check: $(READY)  ## lint, types, who may import whom, and names that say what they hold
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports
	$(RUN)/python tests/naming.py

bench: $(READY)  ## figures as ratios within one run; DATA_DIR= says where the raw Adult files lie
	$(RUN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(RUN)/python benchmarks/attribution.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))
	$(RUN)/python benchmarks/attribution_cost.py
	$(RUN)/python benchmarks/large.py
	$(RUN)/python benchmarks/attacks.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))
	$(RUN)/python benchmarks/intervals.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))
	$(RUN)/python benchmarks/loading.py
	$(RUN)/python benchmarks/process.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))
	$(RUN)/python benchmarks/starting.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))
	$(RUN)/python benchmarks/million.py
	$(RUN)/python benchmarks/execution.py
	$(RUN)/python benchmarks/cost_curves.py

calibration: $(READY)  ## how often intervals and verdicts err, into docs/intervals.md
	$(RUN)/python benchmarks/calibration.py --write
	$(RUN)/python benchmarks/paired.py --write

monitoring: $(READY)  ## how often monitoring raises false alarms, and how fast it finds shifts, into docs/monitoring.md
	$(RUN)/python -m benchmarks.monitoring --write

planted: $(READY)  ## how often the audit names what is planted in the demo, into docs/benchmarks.md
	$(RUN)/python benchmarks/planted.py --write

docs: export AUDIT_DOCS_PICTURES = $(if $(shell command -v chromium),,no)
docs: $(READY)  ## the documentation site, into build/site; without Chromium it has no pictures
	$(if $(AUDIT_DOCS_PICTURES),,$(RUN)/python -m docs.screenshots)
	$(RUN)/python -m mkdocs build --strict

screenshots: $(READY)  ## the tests' sample reports as pictures and printed pages, into build/screenshots
	$(RUN)/python -m tests.formats.html.gallery build/screenshots

bench planted: export AUDIT_HISTORY =  # these audits are no candidates for anything

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:  ## remove what the targets made
	rm -rf $(VENV) .cache audit-demo audit-report build dist
