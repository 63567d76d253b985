# Each line calls a tool; what the tools do is in hub_config and images.
PYTHON ?= python3
BIN    := .venv/bin
export UV_PYTHON_DOWNLOADS = never

.PHONY: up down test lint test-notebooks test-load test-images test-cluster test-live bench pictures render lock clean

up: .venv/.made
	@$(BIN)/archive-hub local up

down: .venv/.made
	@$(BIN)/archive-hub local down

test: .venv/.made lint
	@$(BIN)/archive-hub local prepare
	$(BIN)/pytest

lint: .venv/.made
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-notebooks: .venv/.made
	@$(BIN)/archive-hub local prepare
	$(BIN)/pytest -m notebooks

test-load test-images test-cluster test-live: test-%: .venv/.made
	$(BIN)/pytest -m $*

bench: .venv/.made
	@$(BIN)/archive-hub local prepare
	$(BIN)/python -m tests.bench

# Makes the pictures of the docs again, in a browser.
pictures: .venv/.made
	$(BIN)/python -m tests.browser.pictures

render: .venv/.made
	$(BIN)/archive-hub render

# The locks hold hashes and no address; they serve Linux and macOS, Python 3.11 to 3.13.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
lock: .venv/.made
	$(COMPILE) pyproject.toml -o images/hub/requirements.lock
	$(COMPILE) --extra dev pyproject.toml -o .ci/requirements.lock
	echo "uv>=0.13" | $(COMPILE) - -o .ci/uv.lock
	$(COMPILE) --only-binary :all: --overrides images/base/overrides.txt \
	    images/base/requirements.in -o images/base/requirements.lock

# The hub's environment, with what the tests need.  The users' own is made by `local prepare`.
.venv/.made: .ci/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "make: needs Python 3.11 or newer with venv; there is $$($(PYTHON) --version 2>&1); install it (Debian: python3-venv) or set PYTHON="; exit 1; }
	@echo "Making .venv: the hub's environment (about half a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes --only-binary :all: -r .ci/uv.lock
	@$(BIN)/uv pip sync --require-hashes --python $(BIN)/python .ci/requirements.lock
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@touch $@

clean:
	rm -rf .venv .envs
