# `make demo` sets everything up and runs the demo without network; `make test` runs the tests.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
ARGS ?=
CORPUS ?= corpus
INPUTS ?= 1000
SEED ?= 1
SURFACES ?=
# TORCH_FROM=FOLDER_OR_PAGE with PyTorch's CPU wheels: torch is installed from there, without 3 GB of CUDA libraries.
export TORCH_FROM

.DEFAULT_GOAL := help
.PHONY: help setup dev demo train test test-all fuzz lint format lock sbom audit release student ui bench bench-search bench-surrogate bench-latency bench-loop bench-runtime bench-train bench-scan bench-install bench-editor bench-recipe bench-clones bench-init bench-labels bench-kills bench-flow clean

help: ## Show the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

$(VENV)/.run: requirements.lock requirements-cuda.lock pyproject.toml tools/install.py
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 15) else "Avatar needs Python 3.11 to 3.14, and this is %d.%d: choose another Python, for example: make setup PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(RUN) tools/install.py run
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(RUN) tools/install.py dev
	@touch $@

setup: $(VENV)/.run ## Make the environment with the locked packages (TORCH_FROM=FOLDER_OR_PAGE: torch for CPU only)
	@echo 'The environment is ready. Activate it with `source $(BIN)/activate`; then try `python train.py --help`.'

dev: $(VENV)/.dev ## As setup, and install the packages for tests and linters

demo: $(VENV)/.run ## Set up, then run the demo: all stages, without network after the installation
	$(RUN) train.py $(ARGS)

train: $(VENV)/.run ## Run a job: make train ARGS="+experiment=clone_bcb"
	$(RUN) train.py $(ARGS)

test: $(VENV)/.dev ## Run the default tests (AVATAR_DATA=FOLDER adds tests on real data sets)
	$(RUN) -m pytest -n 2 --dist loadfile $(ARGS)

test-all: $(VENV)/.dev ## Run all tests, also the slow ones
	$(RUN) -m pytest -n 2 --dist loadfile -m "slow or not slow" $(ARGS)

fuzz: $(VENV)/.dev ## Give hostile inputs to all that reads files and messages: INPUTS=10000, SURFACES="http lsp", SEED=2
	$(RUN) tests/fuzz/long_run.py --inputs $(INPUTS) --seed $(SEED) $(if $(SURFACES),--surfaces $(SURFACES))

lint: $(VENV)/.dev ## Check style, format, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.dev ## Format the code, sort imports, and apply the fixes of ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Write the lock files from pyproject.toml; ARGS=--upgrade for newer releases
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	$(PYTHON) tools/lock.py build/uv/bin/uv $(ARGS)

sbom: $(VENV)/.dev ## Write the software bill of materials (CycloneDX) of the locked packages into dist/
	$(RUN) tools/sbom.py dist/avatar-code.cdx.json

audit: $(VENV)/.dev ## Look up the locked packages in a database of known vulnerabilities (needs network)
	$(RUN) tools/audit.py $(ARGS)

release: $(VENV)/.dev ## Build the package and its software bill of materials into dist/
	rm -rf dist
	$(RUN) -m build --no-isolation
	$(RUN) tools/sbom.py dist/avatar-code.cdx.json

student: $(VENV)/.run ## Make the installed student again: CORPUS=FOLDER (about 6 GB), AVATAR_DATA=FOLDER; about an hour
	$(RUN) tools/corpus.py fetch --to $(CORPUS)
	$(RUN) tools/corpus.py extract --to $(CORPUS)
	$(RUN) tools/student.py --corpus $(CORPUS) --problems $(AVATAR_DATA)/solutions $(ARGS)

ui: $(VENV)/.run ## Open the MLflow UI with the runs of this folder, at http://127.0.0.1:5000
	$(RUN) -m avatar.tracking.moved mlflow.db
	$(BIN)/mlflow ui --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port 5000

bench: bench-search bench-surrogate bench-latency bench-loop bench-runtime bench-train ## Run all benchmarks

bench-search: $(VENV)/.run ## Compare the searchers with the exact Pareto front
	$(RUN) benchmarks/search_quality.py

bench-surrogate: $(VENV)/.run ## Compare surrogates with the constant predictor, by cross-validation
	$(RUN) benchmarks/surrogate_quality.py

bench-latency: $(VENV)/.run ## Test the latency model on new architectures
	$(RUN) benchmarks/latency_model.py

bench-loop: $(VENV)/.run ## Compare the feedback loop with one search, on BigCloneBench (AVATAR_DATA)
	$(RUN) benchmarks/feedback_loop.py

bench-runtime: $(VENV)/.run ## Compare latencies of teacher and student, and of ONNX and torch: ARGS="--bundle FOLDER"
	$(RUN) benchmarks/latency_table.py $(ARGS)
	$(RUN) benchmarks/runtime_attention.py

bench-train: $(VENV)/.run ## Measure pairs per second of distillation
	$(RUN) benchmarks/training_speed.py

bench-scan: $(VENV)/.run ## Time a scan of this environment's packages: ARGS="--bundle FOLDER"
	$(RUN) benchmarks/scan.py $(ARGS)

bench-install: $(VENV)/.run ## Measure the plain installation: size, speed and memory of a scan: ARGS="--path FOLDER"
	$(RUN) benchmarks/scan_install.py $(ARGS)

bench-editor: $(VENV)/.run ## Time the language server and the HTTP server: ARGS="--bundle FOLDER"
	$(RUN) benchmarks/editor.py $(ARGS)

bench-clones: $(VENV)/.run ## Compare the student with other ways to find clones: CORPUS=FOLDER, AVATAR_DATA=FOLDER, ARGS="--jscpd FILE"
	$(RUN) benchmarks/clones.py --corpus $(CORPUS) $(ARGS)

bench-flow: $(VENV)/.run ## Functions per second of the data flow, and its agreement with the authors' (AVATAR_DATA)
	$(RUN) benchmarks/data_flow.py

bench-labels: $(VENV)/.run ## Measure what labelled pairs of BigCloneBench add to the installed student (AVATAR_DATA; 5 minutes)
	$(RUN) benchmarks/few_labels.py $(ARGS)

bench-init: $(VENV)/.run ## Measure what distill.init brings on BigCloneBench with few labels (AVATAR_DATA; 30 minutes)
	$(RUN) benchmarks/init_labels.py $(ARGS)

bench-recipe: $(VENV)/.run ## Measure the effect of each part of the recipe (AVATAR_DATA; 1 minute per row and seed at --share 0.25)
	$(RUN) benchmarks/recipe.py $(ARGS)

bench-kills: $(VENV)/.run ## Kill a tiny job at 200 points, and check that each resumed job has the same result (25 minutes)
	$(RUN) benchmarks/kill_and_resume.py $(ARGS)

clean: ## Remove all files of runs and tools (not the environment, not your data)
	rm -rf artifacts outputs multirun/*/ mlflow.db* mlartifacts .pytest_cache .mypy_cache .ruff_cache .hypothesis build/fuzz
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
