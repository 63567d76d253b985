# Each line calls a tool; what the tools do is in hub_config and images.
PYTHON ?= python3
BIN    := .venv/bin
export UV_PYTHON_DOWNLOADS = never
# A hub whose modules are compiled anew at each start was there after 13 s, not 9.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: up down test aws-tools lint test-reader bench-reader test-notebooks test-load test-images test-cluster test-live bench pictures gallery render lock clean

up: .venv/.made
	@$(BIN)/archive-hub local up

down: .venv/.made
	@$(BIN)/archive-hub local down

# Many tests wait for a real server: three at a time keep two cores busy.  Those that
# measure time run before, by themselves.
PARALLEL := -n 3 --dist loadfile
test: .venv/.made lint
	@$(BIN)/archive-hub local prepare
	$(READER)/check.py -q $(PARALLEL)
	$(BIN)/pytest -m quiet
	$(BIN)/pytest $(PARALLEL) -m "not (quiet or load or images or cluster or live)"

# More proof of the AWS side; without them those tests are skipped.
aws-tools: .envs/aws/.made .envs/checkov/.made
.envs/%/.made: .ci/%.lock .venv/.made
	@echo "Making .envs/$*: half a minute"
	@$(BIN)/uv venv --quiet --clear --python $(BIN)/python .envs/$*
	@$(BIN)/uv pip sync --quiet --require-hashes --python .envs/$*/bin/python .ci/$*.lock
	@touch $@

lint: .venv/.made
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The reader's own: its tests run in the users' environment, where pynwb and h5py are.
READER := $(BIN)/python images/packages/archive_data
test-reader: .venv/.made
	@$(BIN)/archive-hub local prepare
	$(READER)/check.py
	cd images/packages/archive_data && ../../../$(BIN)/mypy --python-executable ../../../.envs/base/bin/python

# All peers and networks, 20 minutes at most: make bench-reader BENCH=--full
bench-reader: .venv/.made
	@$(BIN)/archive-hub local prepare
	$(READER)/bench/run.py $(BENCH)

test-notebooks: .venv/.made
	@$(BIN)/archive-hub local prepare
	$(BIN)/pytest -m notebooks

test-load test-images test-live: test-%: .venv/.made
	$(BIN)/pytest -m $*

# The release needs HELM_CHARTS too; a whole run writes what it measured.
test-cluster: .venv/.made
	CLUSTER_PAGE=docs/reference/cluster-test.md $(BIN)/pytest -m cluster tests/cluster

bench: .venv/.made
	@$(BIN)/archive-hub local prepare
	$(BIN)/python -m tests.bench

# Runs the notebooks, makes pages of them with their outputs, and writes what they cost.
gallery: .venv/.made
	@$(BIN)/archive-hub local prepare
	rm -rf .gallery
	NOTEBOOKS_KEEP=$(CURDIR)/.gallery $(BIN)/pytest -q -m notebooks tests/notebooks/test_execution.py tests/local/test_first_notebook.py
	$(BIN)/python -m tests.notebooks.gallery .gallery docs/gallery docs/reference/notebooks.md

# Makes the pictures of the docs again, in a browser.
pictures: .venv/.made
	$(BIN)/python -m tests.browser.pictures

render: .venv/.made
	$(BIN)/archive-hub render

# The locks hold hashes and no address; they serve Linux and macOS, Python 3.11 to 3.13.
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --no-annotate --no-header
ANYWHERE := --universal --python-version
WHEELS := --only-binary :all:
IN_IMAGE := $(WHEELS) --python-version 3.13 --python-platform x86_64-manylinux_2_28
lock: .venv/.made
	$(COMPILE) $(ANYWHERE) 3.11 --extra dev pyproject.toml -o .ci/requirements.lock
	echo "uv>=0.13" | $(COMPILE) $(ANYWHERE) 3.11 - -o .ci/uv.lock
	$(COMPILE) $(ANYWHERE) 3.11 .ci/aws.in -o .ci/aws.lock
	$(COMPILE) $(ANYWHERE) 3.11 .ci/checkov.in -o .ci/checkov.lock
	$(COMPILE) $(ANYWHERE) 3.11 -c .ci/requirements.lock --extra cluster pyproject.toml -o images/hub/requirements.lock
	$(COMPILE) $(ANYWHERE) 3.11 $(WHEELS) --overrides images/base/overrides.txt --overrides images/base/without_gpu.txt images/base/requirements.in -o images/base/requirements.lock
	$(COMPILE) $(ANYWHERE) 3.12 $(WHEELS) images/base/zarr3.in -o images/base/zarr3.lock
	$(COMPILE) $(ANYWHERE) 3.11 $(WHEELS) images/gateway/requirements.in -o images/gateway/requirements.lock
	$(COMPILE) $(ANYWHERE) 3.11 $(WHEELS) images/tools/tools.in -o images/tools/tools.lock
	$(COMPILE) $(IN_IMAGE) --overrides images/base/overrides.txt --overrides images/base/without_gpu.txt images/matlab/requirements.in -o images/matlab/requirements.lock
	$(COMPILE) $(IN_IMAGE) --overrides images/base/overrides.txt --overrides images/gpu/overrides.txt images/gpu/requirements.in -o images/gpu/requirements.lock
	$(COMPILE) $(IN_IMAGE) images/gpu/deeplabcut.in -o images/gpu/deeplabcut.lock

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
