# Every target sets up what it needs: a virtual environment in .venv with the extra it
# names. A stamp per extra makes the next call quick; a change of the project's
# requirements makes it old.
PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
OLDEST := .venv-oldest
SEEDS ?= 0-99
REQUIREMENTS := setup.cfg pyproject.toml constraints.txt
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check \
	--no-warn-script-location --constraint constraints.txt

.DELETE_ON_ERROR:
.NOTPARALLEL:
.PRECIOUS: $(VENV)/installed-%
.PHONY: help demo docs test test-long test-oldest test-seeds coverage lint format clean

help:
	@echo "make demo       choose the columns of a real table, draw the path"
	@echo "make docs       the documentation as a site, in docs/_build/html"
	@echo "make test       the tests (WORKERS=$(WORKERS) processes)"
	@echo "make test-long  the tests that take minutes"
	@echo "make test-oldest  the tests with the oldest dependencies allowed, in $(OLDEST)"
	@echo "make test-seeds the tests that take any seed, with seeds $(SEEDS) (nightly)"
	@echo "make coverage   the tests, and the lines they missed; refuses too many"
	@echo "make lint       ruff and mypy"
	@echo "make format     let ruff write the code anew"
	@echo "make clean      remove what these targets made"

demo: $(VENV)/installed-demo
	$(BIN)/python docs/examples/german_credit.py

docs: $(VENV)/installed-docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

test: $(VENV)/installed-test
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test-long: $(VENV)/installed-test
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m long

# Old releases warn of what is to change in their own dependencies: not our affair.
test-oldest: $(OLDEST)/installed-test
	$(OLDEST)/bin/python -m pytest -n $(WORKERS) --dist worksteal \
		-W ignore::DeprecationWarning -W ignore::PendingDeprecationWarning

test-seeds: $(VENV)/installed-test
	SKLEARN_BINMASK_SEEDS=$(SEEDS) $(BIN)/python -m pytest -n $(WORKERS) \
		--dist worksteal -m 'any_seed and not long'

coverage: $(VENV)/installed-test
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n $(WORKERS) --dist worksteal
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage report
	$(BIN)/python -m coverage json -q -o .coverage.json
	$(BIN)/python .ci/covered.py .coverage.json

lint: $(VENV)/installed-dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy

format: $(VENV)/installed-dev
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

clean:
	rm -rf $(VENV) $(OLDEST) build *.egg-info .coverage* .hypothesis \
		.mypy_cache .pytest_cache .ruff_cache german_credit_path.png
	find sklearn_binmask tests docs -name __pycache__ -prune -exec rm -rf {} +
	rm -rf docs/_build docs/gallery docs/generated

$(BIN)/python:
	@echo "Making $(VENV) with $(PYTHON)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		f"Python 3.11 or later is needed, got {sys.version.split()[0]}; \
	try make PYTHON=python3.11")'
	@$(PYTHON) -m venv $(VENV)

$(OLDEST)/installed-test: $(REQUIREMENTS) .ci/floors.py
	@echo "Installing the oldest dependencies in $(OLDEST) (minutes the first time)"
	@$(PYTHON) -m venv $(OLDEST)
	@$(PYTHON) .ci/floors.py test > $(OLDEST)/floors.txt
	@$(OLDEST)/bin/python -m pip install -qq --disable-pip-version-check \
		--no-warn-script-location --constraint constraints.txt \
		--constraint $(OLDEST)/floors.txt --editable '.[test]'
	@touch $@

$(VENV)/installed-%: $(REQUIREMENTS) | $(BIN)/python
	@echo "Installing the extra '$*' in $(VENV) (minutes the first time)"
	@$(INSTALL) --editable '.[$*]'
	@touch $@
