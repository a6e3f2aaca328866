# `make demo` sets everything up and runs the main job offline; `make test` passes the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
ARGS ?=
# A folder or page with PyTorch's CPU wheels: torch is taken from there, without 3 GB of CUDA libraries.
export TORCH_FROM

.DEFAULT_GOAL := help
.PHONY: help setup dev demo train test test-all lint format lock ui bench bench-search bench-surrogate bench-latency bench-loop bench-runtime bench-train bench-scan bench-editor bench-recipe clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

$(VENV)/.run: requirements.lock requirements-cuda.lock pyproject.toml tools/install.py
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 15) else "Avatar needs Python 3.11 to 3.14, and this is %d.%d: name another one, as in make setup PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(RUN) tools/install.py run
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(RUN) tools/install.py dev
	@touch $@

setup: $(VENV)/.run ## Make the environment with exactly the locked packages (TORCH_FROM=FOLDER_OR_PAGE: torch for the CPU)
	@echo 'The environment is ready. Enter it by `source $(BIN)/activate`; then `python train.py --help` tells more.'

dev: $(VENV)/.dev ## The same, and what tests and linters need

demo: $(VENV)/.run ## Set up, then run the offline demo: every stage on what the installation brought
	$(RUN) train.py $(ARGS)

train: $(VENV)/.run ## Run a job: make train ARGS="+experiment=clone_bcb"
	$(RUN) train.py $(ARGS)

test: $(VENV)/.dev ## Run the default tests (those on real data too where AVATAR_DATA names it)
	$(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

test-all: $(VENV)/.dev ## Run the slow tests as well
	$(RUN) -m pytest -n 2 --dist loadfile -m "slow or not slow" $(ARGS)

lint: $(VENV)/.dev ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## Format the code, sort imports and fix what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Write the lock files from pyproject.toml; ARGS=--upgrade takes newer releases
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	$(PYTHON) tools/lock.py build/uv/bin/uv $(ARGS)

ui: $(VENV)/.run ## Open the MLflow UI on the runs of this folder, on loopback
	$(RUN) -m avatar.tracking.moved mlflow.db
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port 5000

bench: bench-search bench-surrogate bench-latency bench-loop bench-runtime bench-train ## Run all benchmarks

bench-search: $(VENV)/.run ## Search quality against the exact front
	$(RUN) benchmarks/search_quality.py

bench-surrogate: $(VENV)/.run ## Surrogates against the constant predictor, cross-validated
	$(RUN) benchmarks/surrogate_quality.py

bench-latency: $(VENV)/.run ## The latency model on architectures that it has not seen
	$(RUN) benchmarks/latency_model.py

bench-loop: $(VENV)/.run ## The feedback loop against one search, on BigCloneBench (AVATAR_DATA)
	$(RUN) benchmarks/feedback_loop.py

bench-runtime: $(VENV)/.run ## Teacher and student side by side, and ONNX attention against torch: ARGS="--bundle FOLDER"
	$(RUN) benchmarks/latency_table.py $(ARGS)
	$(RUN) benchmarks/runtime_attention.py

bench-train: $(VENV)/.run ## Pairs per second of distillation
	$(RUN) benchmarks/training_speed.py

bench-scan: $(VENV)/.run ## Scan this environment's packages with a bundle: ARGS="--bundle FOLDER"
	$(RUN) benchmarks/scan.py $(ARGS)

bench-editor: $(VENV)/.run ## Edits of the language server and requests of the HTTP server: ARGS="--bundle FOLDER"
	$(RUN) benchmarks/editor.py $(ARGS)

bench-recipe: $(VENV)/.run ## What each part of the recipe brings (AVATAR_DATA; about a minute a row and seed at --share 0.25)
	$(RUN) benchmarks/recipe.py $(ARGS)

clean: ## Remove what runs and tools left (not the environment, not your data)
	rm -rf artifacts outputs multirun/*/ mlflow.db* mlartifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
