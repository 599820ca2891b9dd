# Targets work in .venv and set up what they need; as root they also install missing Debian packages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := .venv-uv/bin/uv
TEST := tools/run-tests
.DEFAULT_GOAL := help
.PHONY: help setup demo test check test-pythons test-lowest lock docs bench gpu-bench clean servers bindings

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(VENV)/.run: pyproject.toml requirements.lock
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

bindings: $(VENV)/.dev # TensorRT's Python names, TensorRT-RTX and a Kafka broker for the tests; where they are not to be had, those skip
	@tools/setup-bindings $(BIN)/python

test: $(VENV)/.dev servers bindings ## Every test, with coverage
	@$(TEST) $(BIN)/python --cov --cov-report=term:skip-covered

check: $(VENV)/.dev servers bindings ## Format, lint, types, layers, tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(TEST) $(BIN)/python --cov --cov-report=term:skip-covered

test-pythons: servers ## Every test on every supported Python that is here; PYTHONS="3.10 3.13" picks
	@tools/test-pythons $(PYTHONS)

test-lowest: $(UV) servers ## Every test on Python 3.10 with the oldest dependencies that pyproject.toml allows
	@$(UV) pip compile --quiet --extra dev --python-version 3.10 --resolution lowest-direct pyproject.toml >.venv-uv/lowest.txt
	@python=$$(tools/find-python 3.10) && tools/setup-venv "$$python" .venv-lowest ".[dev]" .venv-uv/lowest.txt
	@$(TEST) .venv-lowest/bin/python -q

$(UV):
	@tools/setup-venv "$(PYTHON)" .venv-uv uv

lock: $(UV) ## requirements.lock made to fit pyproject.toml; LOCK=--upgrade takes the newest versions
	@$(UV) pip compile --quiet --universal --python-version 3.10 --extra dev --annotation-style line \
		--custom-compile-command "make lock" $(LOCK) -o requirements.lock pyproject.toml

docs: $(VENV)/.dev ## The documentation as a site in out/site, which needs no network to read
	@$(BIN)/python tools/config_reference.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@echo out/site/index.html

bench: $(VENV)/.dev servers ## Timings of the renderer, of INT8 and of eight cameras, also in trouble; minutes
	@for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

gpu-bench: $(VENV)/.dev # On a machine with a GPU: its figures, into docs/gpu.md; ARGS="--yolox yolox_nano.onnx"
	@$(BIN)/python -m benchmarks.gpu $(ARGS)

clean: ## Removes virtual environments and what tools left behind
	@rm -rf $(VENV) .venv-* out build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
