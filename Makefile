# `make demo` sets everything up and runs the main job offline; `make test` passes the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo train test test-all lint format lock ui bench bench-search bench-surrogate bench-latency bench-loop bench-runtime bench-train bench-scan bench-editor bench-recipe clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Avatar needs Python 3.11 or newer: make setup PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

setup: $(VENV)/.installed ## Make the virtual environment with exactly the locked packages

demo: setup ## Set up, then run the offline demo: every stage on what the installation brought
	$(RUN) train.py $(ARGS)

train: setup ## Run a job: make train ARGS="+experiment=clone_bcb"
	$(RUN) train.py $(ARGS)

test: setup ## Run the default tests (those on real data too where AVATAR_DATA names it)
	$(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

test-all: setup ## Run the slow tests as well
	$(RUN) -m pytest -n 2 --dist loadfile -m "slow or not slow" $(ARGS)

lint: setup ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup ## Format the code, sort imports and fix what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Write requirements.lock from what the environment holds now
	$(BIN)/pip freeze --exclude-editable | sed "s/^\(torch==[0-9.]*\)+.*/\1/" > requirements.lock

ui: setup ## Open the MLflow UI on the runs of this folder, on loopback
	$(RUN) -m avatar.tracking.moved mlflow.db
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port 5000

bench: bench-search bench-surrogate bench-latency bench-loop bench-runtime bench-train ## Run all benchmarks

bench-search: setup ## Search quality against the exact front
	$(RUN) benchmarks/search_quality.py

bench-surrogate: setup ## Surrogates against the constant predictor, cross-validated
	$(RUN) benchmarks/surrogate_quality.py

bench-latency: setup ## The latency model on architectures that it has not seen
	$(RUN) benchmarks/latency_model.py

bench-loop: setup ## The feedback loop against one search, on BigCloneBench (AVATAR_DATA)
	$(RUN) benchmarks/feedback_loop.py

bench-runtime: setup ## Teacher and student side by side, and ONNX attention against torch: ARGS="--bundle FOLDER"
	$(RUN) benchmarks/latency_table.py $(ARGS)
	$(RUN) benchmarks/runtime_attention.py

bench-train: setup ## Pairs per second of distillation
	$(RUN) benchmarks/training_speed.py

bench-scan: setup ## Scan this environment's packages with a bundle: ARGS="--bundle FOLDER"
	$(RUN) benchmarks/scan.py $(ARGS)

bench-editor: setup ## Edits of the language server and requests of the HTTP server: ARGS="--bundle FOLDER"
	$(RUN) benchmarks/editor.py $(ARGS)

bench-recipe: setup ## What each part of the recipe brings (AVATAR_DATA; about a minute a row and seed at --share 0.25)
	$(RUN) benchmarks/recipe.py $(ARGS)

clean: ## Remove what runs and tools left (not the environment, not your data)
	rm -rf artifacts outputs multirun/*/ mlflow.db* mlartifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
