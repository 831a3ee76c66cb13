# What one does with this project; `make` alone lists it. A new machine needs Python 3.11 or newer, make and pip.

PYTHON ?= python3
VENV ?= .venv
# The versions that were tested. `CONSTRAINTS=` takes the newest of everything instead.
CONSTRAINTS ?= constraints.txt
# More flags for the command of a target: make serve ARGS="--port 0", make test ARGS="-k cancel".
ARGS ?=
TESTS ?= tests --ignore=tests/image --ignore=tests/clients --ignore=tests/oracle
WORKERS ?= 2
IMAGE ?= responses-emulator:local
# More flags for docker build, such as --build-arg BASE_IMAGE=python:3.12-slim.
IMAGE_FLAGS ?=

BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip --disable-pip-version-check install -q $(if $(CONSTRAINTS),-c $(CONSTRAINTS)) -e
# A Python newer than the tested versions may need newer ones.
FAILED = { echo "make: pip could not install; to take other versions than $(CONSTRAINTS): CONSTRAINTS=" >&2; exit 1; }
PROJECT = pyproject.toml $(CONSTRAINTS)
PYENV_VERSIONS = $(or $(PYENV_ROOT),$(HOME)/.pyenv)/versions

.DEFAULT_GOAL := help
# Two targets would install into one environment at once.
.NOTPARALLEL:
.PHONY: help serve test check demo drift oracle bench image image-test test-py313 test-sdk-28 test-clients fuzz setup clean

help: ## list the targets
	@echo "make TARGET [PYTHON=python3.12] [ARGS='more flags']"
	@sed -n 's/^\([a-z][a-z0-9-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

serve: $(VENV)/.serve ## set up .venv and start the server on 127.0.0.1:9110
	@exec $(BIN)/responses-emulator serve $(ARGS)

test: $(VENV)/.test ## set up .venv and run all tests but those of the image and the other languages
	$(BIN)/python -m pytest $(TESTS) -n $(WORKERS) $(ARGS)

check: $(VENV)/.dev ## lint, format, types and import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-sdk-28: ## the SDK tests with the oldest openai package that is supported, in an environment of its own
	@PYTHON=$(PYTHON) bash tests/sdk/with_version.sh 2.8.1 -n $(WORKERS) $(ARGS)

fuzz: $(VENV)-fuzz/.made ## schemathesis and hypothesis against the server; ARGS="--minutes 15" for longer
	$(VENV)-fuzz/bin/python tests/fuzz/run.py $(ARGS)

test-clients: $(VENV)/.test ## every client of tests/clients against a real server, each in an environment of its own
	@$(BIN)/python tests/clients/run.py $(ARGS)

drift: $(VENV)/.test ## what the newest openai package knows and the emulator does not
	$(BIN)/python -m pip --disable-pip-version-check install -q --upgrade --no-deps --target build/drift openai
	PYTHONPATH=build/drift $(BIN)/python docs/drift.py

oracle: $(VENV)/.serve ## ask Microsoft's own server of the protocol and ours the same, and compare
	$(BIN)/python tests/oracle/run.py $(ARGS)

demo: $(VENV)/.test ## run every sample of the how-to page as a user would see it
	$(BIN)/python tests/sdk/demo.py $(ARGS)

bench: $(VENV)/.test ## the benchmarks, side by side with a bare app
	$(BIN)/python bench/run.py $(ARGS)

image: ## build the image
	DOCKER_BUILDKIT=1 docker build $(IMAGE_FLAGS) --tag $(IMAGE) .

image-test: $(VENV)/.test ## build the image and try it: health, one create, stop
	@VENV=$(VENV) bash .ci/image.sh $(ARGS)

test-py313: ## the unit and wire tests on Python 3.13, in .venv-3.13
	@for python in python3.13 $(wildcard $(PYENV_VERSIONS)/3.13*/bin/python3.13); do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then \
	    exec $(MAKE) --no-print-directory test VENV=.venv-3.13 PYTHON="$$python" TESTS="tests/unit tests/wire"; \
	  fi; \
	done; \
	echo "make test-py313: there is no Python 3.13 on PATH or in $(PYENV_VERSIONS)" >&2; exit 1

setup: $(VENV)/.dev ## set up .venv with all that the other targets need

clean: ## remove what make made here
	rm -rf .venv .venv-* build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Schemathesis brings a pytest plugin and much else: an environment of its own.
$(VENV)-fuzz/.made: $(PROJECT)
	@echo "make: installing the emulator and schemathesis into $(VENV)-fuzz" >&2
	@$(PYTHON) -m venv $(VENV)-fuzz
	@$(VENV)-fuzz/bin/python -m pip --disable-pip-version-check install -q $(if $(CONSTRAINTS),-c $(CONSTRAINTS)) -e '.[fuzz]' || $(FAILED)
	@touch $@

# Each stamp is newer than what it was installed from, so a second run installs nothing. A larger install includes the
# smaller ones.
$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: $(PYTHON) must be Python 3.11 or newer: name another with PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { echo "make: $(PYTHON) cannot make a virtual environment: install its venv and pip modules" >&2; exit 1; }
	@touch $@

$(VENV)/.serve: $(VENV)/.made $(PROJECT)
	@echo "make: installing the emulator into $(VENV)" >&2
	@$(INSTALL) . || $(FAILED)
	@touch $@

$(VENV)/.test: $(VENV)/.made $(PROJECT)
	@echo "make: installing the emulator and what its tests need into $(VENV)" >&2
	@$(INSTALL) '.[test]' || $(FAILED)
	@touch $(VENV)/.serve $@

$(VENV)/.dev: $(VENV)/.made $(PROJECT)
	@echo "make: installing the emulator and what its tests and checks need into $(VENV)" >&2
	@$(INSTALL) '.[dev]' || $(FAILED)
	@touch $(VENV)/.serve $(VENV)/.test $@
