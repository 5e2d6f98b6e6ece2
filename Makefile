# Two commands start everything: `make run` and `make test`. `make help` lists the rest.

PYTHON ?= python3
IN_VENV := .venv/bin/python -m

.DEFAULT_GOAL := help
.PHONY: help run test soak bench lint format build screenshots translations lock clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 13

run:  ## start An Lộ (HOST, PORT, ANLO_VAR … as in .env.example); Ctrl-C ends it
	@$(PYTHON) -m setup.environment && exec $(IN_VENV) setup.run

test: lint  ## every check, then every test, on both databases and in a real browser
	@$(IN_VENV) pytest

soak: build-dev  ## twenty times the examples of every rule, every killing, fifty at once; takes long
	@$(IN_VENV) pytest --hypothesis-profile=soak -m "soak or not soak" --durations=0 \
		--durations-min=5 tests/domain tests/faults

bench: build-dev  ## times and ratios; wants a quiet machine
	@$(IN_VENV) tests.bench

lint: build-dev  ## ruff, mypy, import-linter
	@$(IN_VENV) ruff check .
	@$(IN_VENV) ruff format --check .
	@$(IN_VENV) mypy
	@.venv/bin/lint-imports

format: build-dev  ## put the Python in order
	@$(IN_VENV) ruff format .
	@$(IN_VENV) ruff check --fix .

build:  ## .venv, node_modules and static/dist, whatever of it is out of date
	@$(PYTHON) -m setup.environment

.PHONY: build-dev
build-dev:
	@$(PYTHON) -m setup.environment --dev

screenshots: build-dev  ## take the pictures of the README again
	@$(IN_VENV) pytest -n0 tests/journey --screenshots

translations: build-dev  ## bring the .po files up to date with the sentences in the source
	@.venv/bin/pybabel -q extract -F babel.cfg -k lazy_gettext --no-location --sort-output -o .venv/messages.pot .
	@.venv/bin/pybabel -q update -i .venv/messages.pot -d webapp/translations --no-fuzzy-matching --ignore-obsolete -w 100

lock:  ## pin every Python package again, with hashes (wants uv)
	@$(PYTHON) -m setup.lock

clean:  ## remove what was made, and keep ./var: it holds data
	@rm -rf .venv node_modules static/dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	@find . -name __pycache__ -prune -exec rm -rf {} +
