# Everything is made inside .venv in this folder; nothing outside of it is touched.
SHELL := /bin/bash
.DELETE_ON_ERROR:
unexport PYTHONDONTWRITEBYTECODE
unexport PYTHONPATH

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
WORKSPACE ?= demo-workspace

.PHONY: help demo test bench lint lock clean

help:
	@echo "make demo    a simulated workspace, its nightly run, and where the dashboards are"
	@echo "make test    the whole test suite"
	@echo "make bench   how fast each step is, and how much memory it takes"
	@echo "make lint    formatting, lint, types and the import contract"
	@echo "make lock    resolve the dependencies again (needs uv)"
	@echo "make clean   take away .venv and what was built"

demo: .venv/run.done
	@$(BIN)/ospo-metrics demo $(WORKSPACE)

test: .venv/dev.done
	@$(BIN)/python -m pytest -n auto --dist loadfile

bench: .venv/dev.done
	@$(BIN)/python -m pytest -o addopts= tests/bench --benchmark-only --benchmark-disable-gc -q

lint: .venv/dev.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --quiet pyproject.toml --group build -o .ci/run.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --no-emit-find-links --quiet pyproject.toml --group dev -c .ci/run.lock -o .ci/dev.lock

clean:
	rm -rf .venv build dist

# Exactly what the lock lists, each file held against its hash; uv where there is one, else pip.
define install
	@if command -v uv >/dev/null; then uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r $(1); \
	else $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check --no-deps --require-hashes -r $(1); fi
endef

.venv/made:
	@test -n "$(PYTHON)" || { echo "ospo-metrics needs Python 3.11, 3.12 or 3.13, and none is on the PATH." >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv is missing. On Debian: apt-get install python3-venv" >&2; exit 1; }
	@touch $@

.venv/run.done: .venv/made .ci/run.lock pyproject.toml
	@echo "Installing what .ci/run.lock lists into .venv; this happens once and takes about a minute."
	$(call install,.ci/run.lock)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/dev.done: .venv/run.done .ci/dev.lock
	@echo "Installing the tools for tests into .venv."
	$(call install,.ci/dev.lock)
	@touch $@
