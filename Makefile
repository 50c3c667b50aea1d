# Needs Python 3.11 or newer and make, nothing else. `make` alone prints what there is.
# PYTHON=python3.12 chooses an interpreter; ARGS="..." is passed on to the command behind a target.

RUN := .venv/bin/
.DEFAULT_GOAL := help
.SUFFIXES:
.PHONY: help setup demo test ruff mypy layers docstrings pytest lint format bench soak docker-test lock clean

help:  ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: .venv/dev  ## build .venv for development, from requirements-dev.lock

demo: .venv/runtime  ## one full cycle on a pretend market; WEEKS=6 what became of it, ONCE=1 ends when it is done
	@$(RUN)harvester demo $(if $(WEEKS),--weeks $(WEEKS)) $(if $(ONCE),--once) $(ARGS)

test: ruff layers docstrings  ## every gate and every test, on all cores
	@$(MAKE) --no-print-directory --jobs 2 mypy pytest

lint: ruff mypy layers docstrings  ## style, formatting, types, layers, a sentence per test

ruff: .venv/dev
	$(RUN)ruff check
	$(RUN)ruff format --check

mypy: .venv/dev
	$(RUN)mypy

layers: .venv/dev
	$(RUN)lint-imports

docstrings: .venv/dev
	$(RUN)interrogate --quiet tests

pytest: .venv/dev
	$(RUN)pytest -n logical --dist worksteal -m "not soak" --cov --cov-report=term-missing:skip-covered

format: .venv/dev  ## let ruff mend style and formatting
	$(RUN)ruff check --fix-only
	$(RUN)ruff format

bench: .venv/dev  ## measured ceilings and us, side by side
	$(RUN)python -m benchmarks $(ARGS)

soak: .venv/dev  ## the long seeded tests
	$(RUN)pytest -m soak --timeout=0 $(ARGS)

docker-test:  ## build the image, bring the sandbox stack up, look at it, take it down
	@scripts/docker-test

lock:  ## resolve both lock files anew; ARGS=--upgrade takes newer versions
	@scripts/lock $(ARGS)

clean:  ## remove .venv, caches and what was built
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage .coverage.* build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Two stamps: nothing is installed as long as they are newer than what they were made from.
.venv/runtime: requirements.lock pyproject.toml .venv/bin/python
	@scripts/venv runtime

.venv/dev: requirements-dev.lock pyproject.toml .venv/bin/python
	@scripts/venv dev

# Missing or dangling: whatever needs it is made anew.
.venv/bin/python: ;
