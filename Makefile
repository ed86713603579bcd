# Every command of this repository. The first one that runs sets up .venv from the lock; later ones start at once.
#
#   PYTHON=python3.12 make test      choose the Python that .venv is made of (3.11 or newer)
#   make rehearse ARGS="--help"      hand options on to the command

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# Our own tools first: what is installed on the machine does not matter. jsii finds its Node here.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export JSII_NODE := $(CURDIR)/.venv/bin/node
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME
# Without its bytecode the CDK takes seconds to import, in every process anew.
unexport PYTHONDONTWRITEBYTECODE

READY := .venv/.ready
FAST := tests/unit tests/house
# Two halves of the journeys that take about as long as each other. They mostly wait, so they run side by side.
HALF := $(addprefix tests/emulator/,elb hold jobs outcomes pipeline rehearsal)
JOURNEY = pytest -q -p no:randomly -o cache_dir=.pytest_cache/$@
# Dozens of containers on two processors of a machine that stalls now and then: in CI, journeys that fail are tried once
# more. Both tries are shown, and what fails twice fails the run.
ONCE_MORE = $(if $(CI),|| { echo "== Once more: the journeys that failed"; $(JOURNEY) --last-failed tests/emulator; })
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock"
ARGS ?=

.PHONY: help
help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(READY) ## make .venv from the lock (the other commands do it when they must)
	@:

$(READY): locks/dev.txt pyproject.toml .ci/setup
	@bash .ci/setup

# A checkout that was moved or copied has scripts that start the Python of the old place.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif

.PHONY: rehearse
rehearse: $(READY) ## releases of the example on this machine, act by act, with no AWS account
	@appdp rehearse examples/shop --yes $(ARGS)

.PHONY: test
test: $(READY) ## all tests (those on containers need Docker)
	@pytest -q -n 2 --dist worksteal $(FAST) tests/synth
	@echo "Journeys on containers, in two halves; each says when it has ended."
	@$(MAKE) --jobs=2 --output-sync=target journeys others

.PHONY: journeys others
journeys: $(READY)
	@$(JOURNEY) tests/emulator $(addprefix --ignore=,$(HALF)) $(ONCE_MORE)
others: $(READY)
	@$(JOURNEY) $(HALF) $(ONCE_MORE)

.PHONY: lint
lint: $(READY) ## format, lint, import contracts, types
	@ruff format --check --quiet . || { echo "Run: make format" >&2; exit 1; }
	@ruff check --quiet --output-format concise .
	@lint-imports --no-logo >.venv/lint-imports.log || { cat .venv/lint-imports.log; exit 1; }
	@mypy --no-error-summary

.PHONY: check
check: lint ## the same, and fast tests
	@pytest -q -n 2 --dist worksteal -m "not slow" $(FAST)
	@echo "Checked: format, lint, import contracts, types, fast tests."

.PHONY: coverage
coverage: $(READY) ## which lines and branches of the model and the engine no unit test reaches
	@pytest -q --cov=appdp.model --cov=appdp.engine --cov-report=term-missing:skip-covered tests/unit

.PHONY: format
format: $(READY) ## rewrite the code in the house format
	@ruff format --quiet .
	@ruff check --quiet --fix .

.PHONY: bench
bench: $(READY) ## measure start-up times
	@for script in benchmarks/*.py; do PYTHONPATH=. python "$$script"; done

.PHONY: docs
docs: $(READY) ## write docs/commands.md and docs/verify.md, which the code itself tells
	@python -m tests.house.commands_page
	@python -m tests.house.verify_page

.PHONY: projen
projen: $(READY) ## write the project files that .projenrc.py describes
	@python .projenrc.py

.PHONY: lock
lock: $(READY) ## choose new versions within pyproject.toml's ranges: ARGS=--upgrade, or --upgrade-package=NAME
	@$(COMPILE) $(ARGS) --all-extras --group uv --group dev --output-file locks/dev.txt pyproject.toml
	@$(COMPILE) --constraint locks/dev.txt --group uv --output-file locks/uv.txt

.PHONY: dist
dist: $(READY) ## build the wheel and the source archive into dist/
	@uv build --quiet --no-build-isolation
	@ls -l dist

.PHONY: clean
clean: ## remove what the commands made, .venv too
	@rm -rf .venv .tools .cache dist build htmlcov .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis \
		.import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
