# The workshop. `make run` and `make test` need nothing but Python 3.11 with pip; PYTHON=… names another interpreter.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --quiet

.PHONY: help env run test bench lint fmt lock

help:  ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

env: $(VENV)/.locked  ## build .venv from requirements-dev.lock, when the lock has changed

# Built anew rather than updated: what has left the lock leaves the environment too. The interpreter's own pip
# installs from outside, because Debian's venv has none without another package.
$(VENV)/.locked: requirements-dev.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Okno needs Python 3.11 or newer; set PYTHON")'
	$(PYTHON) -m venv --clear --without-pip $(VENV)
	$(PYTHON) -m pip --python $(BIN)/python install --quiet --require-hashes --requirement requirements-dev.lock
	touch $@

run: env  ## everything on http://127.0.0.1:8000, from nothing
	$(BIN)/python workers.py

test: env  ## all tests
	$(BIN)/pytest --numprocesses 2 --ignore tests/browser
	# On their own: the browser's driver keeps an event loop in its thread, where other tests start theirs.
	$(BIN)/pytest tests/browser

bench: env  ## measure speed and memory
	$(BIN)/python -m tests.bench

lint: env  ## style, types and floors
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

fmt: env  ## put the code in the house style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: env  ## resolve the dependencies of pyproject.toml again
	$(LOCK) pyproject.toml --group dev --extra learn --output-file requirements-dev.lock
	# What a tool for tests holds back is held back here too: what is installed elsewhere is what was tested.
	$(LOCK) pyproject.toml --constraint requirements-dev.lock --output-file requirements.lock
