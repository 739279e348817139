# Two commands for a machine with nothing but Python 3.10 or newer, pip and make:
#   make mnist   the whole MNIST flow, from data to a served model
#   make test    the tests
# Both make the environment in .venv first, once.

PYTHON ?= python3
PYTEST ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
UV := $(shell command -v uv 2>/dev/null)

.PHONY: install mnist test coverage torture cloud check lint types docs site screenshots bench lock clean

install: $(STAMP)

# Bytecode is compiled while installing: without it every start of Python costs three times more.
$(STAMP): pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "vertex_flow needs Python 3.10 or newer; set PYTHON=/path/to/python3"; exit 1; }
ifneq ($(UV),)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
	UV_COMPILE_BYTECODE=1 $(UV) pip install --quiet --python $(BIN)/python --no-deps -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
else
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --compile --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
endif
	$(BIN)/python -m compileall -q vertex_flow trainer
	@touch $(STAMP)

mnist: install
	$(BIN)/python examples/mnist_flow.py

test: install
	$(BIN)/python -m pytest $(PYTEST)

# The tests on two cores with branch coverage, of the processes that they start too.
coverage: install
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report=term:skip-covered \
		--cov-fail-under=90 $(PYTEST)

# What takes many minutes: kills, hundreds of runs, real training.
torture: install
	$(BIN)/python -m pytest -m torture $(PYTEST)

# The contract of a Google Cloud project on the real one that VERTEX_FLOW_TEST_PROJECT names: it is
# set up, used and taken down again, in about an hour and for a few dollars.
cloud: install
	@test -n "$(VERTEX_FLOW_TEST_PROJECT)" || \
		{ echo "make cloud needs VERTEX_FLOW_TEST_PROJECT=<project id>"; exit 1; }
	$(BIN)/python -m pytest -m cloud tests/cloud/test_contract.py

# What a change must also pass: style, layers, types.
check: lint types

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: install
	$(BIN)/mypy
	$(BIN)/pyright

# The pages that are made from the code.
docs: install
	$(BIN)/python -m docs.engine_table
	$(BIN)/python -m docs.components_table
	$(BIN)/python -m docs.storage_table
	$(BIN)/python -m docs.published_table
	$(BIN)/python -m docs.commands_table
	$(BIN)/python -m docs.reference_table
	$(BIN)/python -m docs.pictures

# The documentation as a site, in site/.
site: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# The pictures of the console, from a run of the example on MNIST; needs Chromium.
screenshots: install
	$(BIN)/python -m docs.screenshots $(DATA)

bench: install
	$(BIN)/python -m benchmarks.start_of_tasks
	$(BIN)/python -m benchmarks.parallel_trials
	$(BIN)/python -m benchmarks.uploads

lock:
	@test -n "$(UV)" || { echo "make lock needs uv on the PATH"; exit 1; }
	$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.10 \
		--generate-hashes --no-header --no-annotate --quiet --output-file requirements.lock

clean:
	rm -rf $(VENV) site .vertex_flow .mypy_cache .ruff_cache .pytest_cache .coverage*
