# Development on one machine: Python 3.11 to 3.13, make and Terraform are all it needs.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup test quick lint unit plan e2e fuzz mutants laptop tables package lock release demo bench clean

# A Python of one's own choice: make PYTHON=/path/to/python3 ...
PYTHON ?=
BENCH ?=
VERSION ?=
# What `make quick` compares with.
BASE ?= HEAD
# Plans gain nothing beyond two processes; applies mostly wait.
WORKERS ?= 6
EXAMPLES ?= 20000

# What is random in tests follows from it; a run prints it, and make test SEED=n repeats that run.
SEED := $(or $(SEED),$(shell (od -An -N3 -tu4 /dev/urandom | tr -d ' ') 2>/dev/null))

# Where it is set, every worker compiles every test anew.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
PYTEST := PYTHONHASHSEED=$(SEED) $(BIN)/python -m pytest --seed $(SEED) --hypothesis-seed $(SEED)
SIDE_BY_SIDE := -n $(WORKERS) --dist loadgroup --no-loadscope-reorder

# Each command makes only what it needs of what scripts/setup.py can make; without names, all.
define set-up
@for python in "$(PYTHON)" python3 python3.13 python3.12 python3.11; do \
  if [ -n "$$python" ] && "$$python" -c 'import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; \
  then exec "$$python" -B scripts/setup.py $(1); fi; \
  if [ -n "$(PYTHON)" ]; then break; fi; \
done; \
if [ -n "$(PYTHON)" ] && command -v "$(PYTHON)" >/dev/null 2>&1; then exec "$(PYTHON)" -B scripts/setup.py $(1); fi; \
echo "setup: Python 3.11 to 3.13 with its venv module is needed (https://www.python.org/downloads/); name one with make PYTHON=/path/to/python3" >&2; exit 2
endef

help: ## what there is to call
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' Makefile

setup: ## everything for development, into .venv and two environments beside it
	$(call set-up)

# All workers would compile all tests side by side; lint leaves a core free for that.
test: setup ## all checks and all tests, as CI runs them; SEED=n repeats a run
	@$(PYTEST) --collect-only -qq >/dev/null 2>&1 & \
	$(MAKE) --no-print-directory lint; checked=$$?; wait; exit $$checked
	@$(PYTEST) $(SIDE_BY_SIDE)

quick: lint ## lint, and the unit tests and plans of what changed since BASE=HEAD
	$(call set-up,dev policy provider)
	@$(PYTEST) --changed $(BASE) -n 2 --dist loadgroup

lint: ## ruff, mypy, terraform fmt, and the package's bytes
	$(call set-up,dev)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	terraform fmt -check -diff -recursive .
	$(BIN)/python lambda_src/build.py --check

unit: ## tests of plain Python
	$(call set-up,dev)
	@$(PYTEST) -m unit

plan: ## tests that read Terraform plans
	$(call set-up,dev policy provider)
	@$(PYTEST) -m plan -n 2 --dist loadgroup

e2e: ## tests that apply Terraform to the local AWS
	$(call set-up,dev awscli provider)
	@$(PYTEST) -m e2e $(SIDE_BY_SIDE)

fuzz: ## odd input for every reader, for long: EXAMPLES=n a test, ONLY=name of one
	$(call set-up,dev)
	@FUZZ_EXAMPLES=$(EXAMPLES) $(PYTEST) tests/fuzz -n 2 --hypothesis-profile fuzz --timeout 0 $(if $(ONLY),-k $(ONLY))

mutants: ## break the modules in one line each, and see who catches it
	$(call set-up,dev policy provider)
	@MUTANTS=all $(PYTEST) tests/policy/test_mutants.py -s -q

laptop: ## follow the examples' READMEs on the local AWS, as a reader does: ONLY=name of one
	$(call set-up,dev provider)
	@$(BIN)/python -m tests.journeys.laptop $(ONLY)

tables: ## write what READMEs and docs repeat of the sources
	$(call set-up,run)
	@$(BIN)/python scripts/tables.py

package: ## build lambda_src/dist/reactor.zip, the same bytes on any system
	$(call set-up,run)
	@$(BIN)/python lambda_src/build.py

lock: ## the hashes of what setup installs; UPGRADE=1 moves the versions, too
	$(call set-up,lock)
	@.venv-lock/bin/python -B scripts/lock.py $(if $(UPGRADE),--upgrade)

release: ## prepare one: changelog, snippets, zips, and what to type then; VERSION=1.2.3
	$(call set-up,run)
	@$(BIN)/python scripts/release.py $(VERSION)

demo: ## see it happen: a trail, a launch, a reaction, with no AWS account
	$(call set-up,run provider)
	@$(BIN)/trailctl demo

bench: ## benchmarks, all or one, beside the baseline: make bench BENCH=name COMPARE=1 JSON=file
	$(call set-up,dev awscli provider)
	@$(BIN)/python -m tests.benchmarks.run $(BENCH) $(if $(COMPARE),--compare) $(if $(JSON),--json $(JSON))

clean: ## remove what setup and the tools left
	rm -rf .venv .venv-policy .venv-awscli .venv-lock .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .fuzz build *.egg-info
