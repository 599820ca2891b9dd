# Targets work in .venv and set up what they need; as root they also install missing Debian packages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench clean servers

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/.run: pyproject.toml
	@tools/setup-venv "$(PYTHON)" $(VENV) .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@tools/setup-venv "$(PYTHON)" $(VENV) ".[dev]"
	@touch $@

setup: $(VENV)/.run ## The program in .venv

demo: $(VENV)/.run ## The bundled model on the rendered scene
	@$(BIN)/edge-app demo

servers: # An RTSP server and a broker for the tests; without root those tests skip and say so
	@tools/setup-servers

test: $(VENV)/.dev servers ## Every test, with coverage
	@$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

check: $(VENV)/.dev servers ## Format, lint, types, layers, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest --cov --cov-report=term:skip-covered

bench: $(VENV)/.dev ## Timings of the renderer and the message
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean: ## Removes .venv and what tools left behind
	@rm -rf $(VENV) out build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
