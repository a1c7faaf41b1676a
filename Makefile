# `make demo` and `make test` need nothing but Python 3.11 to 3.13 and this checkout: they set up .venv first.
PYTHON ?= python3.11
VENV := .venv
READY := $(VENV)/.ready
RUN := $(VENV)/bin

.PHONY: demo test check bench calibration clean

demo: $(READY)  ## make an example, train two candidates, audit both
	$(RUN)/audit demo

test: $(READY)  ## all tests
	$(RUN)/python -m pytest -n 2 --dist loadscope

check: $(READY)  ## lint, types, and who may import whom
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .
	$(RUN)/mypy
	$(RUN)/lint-imports

bench: $(READY)  ## figures as ratios within one run; DATA_DIR= says where the raw Adult files lie
	$(RUN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'
	$(RUN)/python benchmarks/attribution.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))
	$(RUN)/python benchmarks/attribution_cost.py
	$(RUN)/python benchmarks/attacks.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))
	$(RUN)/python benchmarks/intervals.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))
	$(RUN)/python benchmarks/loading.py
	$(RUN)/python benchmarks/process.py $(if $(DATA_DIR),--data-dir $(DATA_DIR))
	$(RUN)/python benchmarks/million.py

calibration: $(READY)  ## how often intervals and verdicts err, into docs/intervals.md
	$(RUN)/python benchmarks/calibration.py --write
	$(RUN)/python benchmarks/paired.py --write

planted: $(READY)  ## how often the audit names what is planted in the demo, into docs/benchmarks.md
	$(RUN)/python benchmarks/planted.py --write

bench planted: export AUDIT_HISTORY =  # these audits are no candidates for anything

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(RUN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:  ## remove what the targets made
	rm -rf $(VENV) audit-demo audit-report build dist
