# Every verb does its own set-up. A fresh machine needs make and Python 3.11 or newer with venv, nothing else.
#
#   make demo      the guided tour               make test        every test, against the built wheel
#   make setup     the environment in .venv      make test-quick  those that start no process and are not slow
#   make lint      ruff and mypy                 make check       all that CI asks: lint, generated files, tests
#   make generate  rewrite generated files       make bench       the measurements of docs/benchmarks.md
#   make lock      refresh constraints.txt       make image       a container image
#   make clean     remove what these verbs made
#
# PYTHON=/path/to/python chooses the Python of a new .venv. PYTEST_ARGUMENTS, DEMO_ARGUMENTS, BENCH_ARGUMENTS and
# IMAGE_ARGUMENTS go to the program behind the verb: make test PYTEST_ARGUMENTS='-m "not slow"'.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-quick lint generate generate-check check bench image lock clean
.DELETE_ON_ERROR:

# What is tested is what was installed, whatever the caller's shell can import.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PYTHONNOUSERSITE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet
# Directories too: their time changes when a file goes away.
SOURCES := $(shell find exporter \( -name __pycache__ -o -name '.?*' \) -prune -o -print) pyproject.toml README.md LICENSE

help:
	@sed -n '/^#   make/s/^# //p' Makefile

# Set-up, one stamp for each step.

$(VENV)/.created: scripts/find-python
	@rm -rf $(VENV)
	@python=$$(scripts/find-python) && echo "Creating $(VENV) with $$python" && "$$python" -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@touch $@

$(VENV)/.build: $(VENV)/.created pyproject.toml
	@$(PIP) install --group build
	@touch $@

dist/.wheel: $(VENV)/.build $(SOURCES)
	@rm -rf dist
	@echo "Building the wheel"
	@$(BIN)/python -m build --no-isolation --wheel . >$(VENV)/build.log 2>&1 || { cat $(VENV)/build.log >&2; exit 1; }
	@touch $@

$(VENV)/.installed: dist/.wheel constraints.txt
	@echo "Installing $$(ls dist/*.whl)"
	@$(PIP) uninstall --yes model-drift-exporter 2>/dev/null
	@$(PIP) install --constraint constraints.txt dist/*.whl
	@touch $@

$(VENV)/.development: pyproject.toml constraints.txt | $(VENV)/.installed
	@echo "Installing the development tools"
	@$(PIP) install --constraint constraints.txt --group dev
	@touch $@

$(VENV)/.flights: pyproject.toml constraints.txt | $(VENV)/.installed
	@echo "Installing the New York flights that the demo replays"
	@$(PIP) install --constraint constraints.txt "$$(ls dist/*.whl)[flights]" && touch $@ || \
		echo "They cannot be had; the demo will generate a small stream instead." >&2

setup: $(VENV)/.installed $(VENV)/.development $(VENV)/.flights

# Verbs.

demo: $(VENV)/.installed $(VENV)/.flights
	@$(BIN)/model-drift-exporter demo $(DEMO_ARGUMENTS)

test: $(VENV)/.installed $(VENV)/.development
	@scripts/install-components
	@TEST_INSTALLED_WHEEL=1 $(BIN)/python -m pytest --numprocesses=auto --dist=loadfile $(PYTEST_ARGUMENTS)

# Nothing outside tests/system starts a process: tests/test_rooms_of_tests.py holds that.
test-quick: $(VENV)/.installed $(VENV)/.development
	@TEST_INSTALLED_WHEEL=1 $(BIN)/python -m pytest --ignore=tests/system --hypothesis-profile=quick -m 'not slow' \
		--numprocesses=auto --dist=loadfile $(PYTEST_ARGUMENTS)

lint: $(VENV)/.installed $(VENV)/.development
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

generate: $(VENV)/.installed $(VENV)/.development
	@scripts/generate

generate-check: $(VENV)/.installed $(VENV)/.development
	@scripts/generate --check

check: lint generate-check test

bench: $(VENV)/.installed $(VENV)/.development
	@$(BIN)/python -m benchmarks $(BENCH_ARGUMENTS)

image: constraints.txt
	@scripts/build-image $(IMAGE_ARGUMENTS)

lock: $(VENV)/.build
	@scripts/lock

clean:
	@rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
