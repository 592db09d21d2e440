# Everything happens in .venv, which `make clean` removes. Another Python: make check PYTHON=python3.12

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: check test corpus lint fuzz bench clean

# how many claims `make fuzz` decides, from which seed, with how many processes
N ?= 2000
SEED ?= 0
JOBS ?= 2

# checks every file of examples/
check: $(VENV)/installed
	$(BIN)/claws check examples/

# runs the tests, but for those marked slow, torch or coq
test: $(VENV)/installed-test
	$(BIN)/python -m pytest -n auto

# writes what `claws check` now prints of each file of tests/corpus; look at the difference
corpus: $(VENV)/installed
	$(BIN)/python -m tests.corpus.corpus

# style, formatting, types (of the tests, too) and which room imports which
lint: $(VENV)/installed-dev
	$(BIN)/ruff check claws tests grammar
	$(BIN)/ruff format --check claws tests grammar
	$(BIN)/mypy
	$(BIN)/lint-imports

# random claims, checked by other means: N laws and certificates, N/10 laws under flows, N/50 numbers of laws
fuzz: $(VENV)/installed-test
	$(BIN)/python -m tests.fuzz all $(N) --seed $(SEED) --jobs $(JOBS) --verbose

bench: $(VENV)/installed
	$(BIN)/python tests/benchmarks/run.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/counts.py
	PYTHONPATH=. $(BIN)/python tests/benchmarks/find.py
	! command -v coqc >/dev/null || PYTHONPATH=. $(BIN)/python tests/benchmarks/coq.py

clean:
	rm -rf $(VENV) build dist claws.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find claws grammar tests -name __pycache__ -prune -exec rm -rf {} +

# The stamps: an installation is repeated when pyproject.toml has changed since.
$(VENV)/installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e .
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[test]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	@touch $@ $(VENV)/installed-test $(VENV)/installed

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	    echo "claws needs Python 3.11 or newer, and there is no $(PYTHON); on Debian: apt-get install python3-venv" >&2; \
	    exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "claws needs Python 3.11 or newer, and $(PYTHON) is older; choose one with: make PYTHON=python3.12" >&2; \
	    exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	    echo "$(PYTHON) can't make virtual environments; on Debian: apt-get install python3-venv" >&2; \
	    exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
