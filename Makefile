# Every verb a person needs. `make help` lists them: the text after ## is the help.
# Recipes stay one line long where they can; what needs thought lives in a script or a module.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON := .venv/bin/python
# Packages of ours, for the tools that want a list.
PACKAGES := contracts producer jobs sinks local scripts
# Written last by the installation: newer than the lock means that nothing is to do.
STAMP := .venv/.installed

.PHONY: help
help: ## List every verb
	@grep -hE '^[a-z][a-z-]*:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## (.*)/  \1 \t\2/' | expand -t 20

# ---- run it ----

.PHONY: demo
demo: .prerequisites venv ## Run the whole pipeline here [DURATION=60] [SPEED=n|max] [DATA_DIR=dir]
	@$(PYTHON) -m local $(if $(DATA_DIR),--data-dir $(DATA_DIR)) demo $(if $(DURATION),--duration $(DURATION)) $(if $(SPEED),--speed $(SPEED))

.PHONY: up
up: .prerequisites venv ## Start broker, Flink and Postgres in the background, for development
	@$(PYTHON) -m local up

.PHONY: down
down: venv ## Stop what `make up` started; data stays
	@$(PYTHON) -m local down

.PHONY: status
status: venv ## Show what `make up` started
	@$(PYTHON) -m local status

.PHONY: data
data: venv ## Fetch the real observations (nyc-2013) into the cache
	@$(PYTHON) -m scripts.fetch_data nyc-2013

# ---- build it ----

.PHONY: venv
venv: $(STAMP) ## Make .venv with everything of requirements.lock

$(STAMP): requirements.lock scripts/make_venv.sh
	@scripts/make_venv.sh
	@touch $@

.PHONY: generate
generate: venv ## Write the files that are derived from contracts/ and from the charts' values
	@$(PYTHON) -m contracts generate
	@$(PYTHON) -m scripts.values_schema

.PHONY: plans
plans: venv ## Compile the jobs' plans into jobs/plans, after a change of a query
	@ISOBAR_JOBS_CONNECTOR_JARS="$$($(PYTHON) -c 'from local import functions; print(functions.connectors())')" \
		$(PYTHON) -m jobs.process_weather --compile

.PHONY: format
format: venv ## Format the code and fix what can be fixed
	@.venv/bin/ruff format --quiet .
	@.venv/bin/ruff check --fix .

# ---- package it ----

.PHONY: images
images: venv ## Build the images with docker, podman or buildah [BASE=image|local] [ONLY="jobs sinks"]
	@$(PYTHON) -m scripts.images build $(if $(BASE),--base $(BASE)) $(ONLY)

.PHONY: test-images
test-images: venv ## Run the images as pods run them: needs root, Buildah, runc, and `make images`
	@CI=true $(PYTHON) -m pytest tests/images --durations=0 --durations-min=1

.PHONY: base
base: venv ## Make the base images of `make images BASE=local` anew, with today's security fixes
	@$(PYTHON) -m scripts.images base

# ---- check it ----

.PHONY: lint
lint: venv ## Formatting, lint, types, import layers, security, drift of generated files
	@.venv/bin/ruff format --check --quiet --diff .
	@.venv/bin/ruff check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/bandit --quiet --configfile pyproject.toml --recursive $(PACKAGES)
	@$(PYTHON) -m contracts check
	@$(PYTHON) -m scripts.values_schema --check

.PHONY: test
test: .prerequisites venv ## All tests, on a real broker, Flink and Postgres that they start themselves
	@mkdir -p build/coverage
	@$(PYTHON) -m pytest tests/unit tests/integration --cov --cov-report=term

.PHONY: test-unit
test-unit: venv ## The tests that need nothing running
	@$(PYTHON) -m pytest tests/unit

.PHONY: test-integration
test-integration: .prerequisites venv ## The tests on a real broker, Flink and Postgres
	@$(PYTHON) -m pytest tests/integration

.PHONY: bench
bench: .prerequisites venv ## Measure throughput and latency beside raw limits [QUICK=1] [ONLY="sink latency"]
	@$(PYTHON) -m tests.bench $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

# ---- Kubernetes ----

.PHONY: cluster
cluster: venv ## Start a real Kubernetes here, without Docker (Debian 12, root)
	@$(PYTHON) -m scripts.cluster up

.PHONY: cluster-down
cluster-down: venv ## Stop it; images and volumes stay [WIPE=1 forgets them]
	@$(PYTHON) -m scripts.cluster down $(if $(WIPE),--wipe)

.PHONY: cluster-test
cluster-test: venv ## The tests on that Kubernetes; they start it if it is not up
	@$(PYTHON) -m pytest tests/cluster --durations=0 --durations-min=1

.PHONY: kind
kind: venv ## Start the same by kind, where Docker or podman runs
	@$(PYTHON) -m scripts.cluster kind

# ---- charts ----

.PHONY: charts
charts: ## Lint the charts, render every preset
	@scripts/lint_charts.sh

.PHONY: samples
samples: venv ## Write k8s/samples from the charts (needs helm)
	@$(PYTHON) -m scripts.samples

.PHONY: test-charts
test-charts: .prerequisites venv ## The tests of the charts (they need helm, and ISOBAR_CRDS for the operators' definitions)
	@$(PYTHON) -m pytest tests/charts

# ---- the rest ----

.PHONY: clean
clean: ## Remove build results and tools' caches (not .venv, not data)
	@rm -rf build dist .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache *.egg-info
	@find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: .prerequisites
.prerequisites:
	@scripts/check_prerequisites.sh
