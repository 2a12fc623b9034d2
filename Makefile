# Two commands on a fresh machine: `make demo` and `make test`. They need Python >= 3.11 and make.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= $(shell for p in python3.14 python3.13 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
WORKERS ?= 2
ORACLE ?= ../shared/oracle
ROUNDS ?= 30
NODES ?= 1
PORT ?= 9210
HEAP ?= 1g

.PHONY: help demo demo-aws test check fix serve oracle opensearch opensearch-stop conformance migrate-trial faults cluster-faults bench compat rights lock \
	clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): $(VENV)/bin/python requirements/runtime.txt pyproject.toml
	$(PIP) install --quiet --require-hashes -r requirements/runtime.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@# pip compiles what it installs, but nothing editable: the first start would, and be twice as slow.
	@$(BIN)/python -m compileall -q src
	@touch $@

$(DEV): $(RUNTIME) requirements/dev.txt
	$(PIP) install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(RUNTIME) ## The tutorial, from an empty folder to an answered question
	@$(BIN)/ragstone demo

demo-aws: $(DEV) ## The tutorial from its first step, with AWS simulated by moto; OFFLINE=1: without AWS
	@$(BIN)/python tools/demo_aws.py $(if $(OFFLINE),--offline)

serve: $(RUNTIME) ## Start a server on 127.0.0.1:9200 with ./data
	@$(BIN)/ragstone serve

test: $(DEV) ## All tests
	@$(BIN)/ragstone models pull all-MiniLM-L6-v2 || echo "tests that need the model's weights will be skipped"
	@$(BIN)/python -m pytest -q -n $(WORKERS)

check: $(DEV) ## Format, lint, types, arrows between layers, generated pages
	$(BIN)/ruff format --check src tests benchmarks tools
	$(BIN)/ruff check src tests benchmarks tools
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/compatibility.py --check
	$(BIN)/python tools/rights.py --check

fix: $(DEV) ## Format, and mend what the linter can mend
	$(BIN)/ruff format src tests benchmarks tools
	$(BIN)/ruff check --fix src tests benchmarks tools

oracle: $(DEV) ## Compare with recorded answers of a real OpenSearch (ORACLE=folder)
	@$(BIN)/python tools/oracle.py $(ORACLE)

opensearch: ## Fetch and start a real OpenSearch on 127.0.0.1 (NODES=1 or 3, PORT, HEAP), or look at OPENSEARCH_URL
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) tools/opensearch start --nodes $(NODES) --port $(PORT) --heap $(HEAP)

opensearch-stop: ## Stop it
	@$(PYTHON) tools/opensearch stop

conformance: $(DEV) ## The project's scenarios on ours and on the OpenSearch of OPENSEARCH_URL or `make opensearch`
	@OPENSEARCH_URL=$$($(BIN)/python tools/opensearch url) && export OPENSEARCH_URL; \
		$(BIN)/python -m pytest -q -n $(WORKERS) tests/conformance

migrate-trial: $(DEV) ## Move 100,000 documents (DOCUMENTS) to the OpenSearch of OPENSEARCH_URL and back, killed on the way
	@OPENSEARCH_URL=$$($(BIN)/python tools/opensearch url) && export OPENSEARCH_URL; \
		$(BIN)/python tools/migrate_trial.py $(DOCUMENTS)

faults: $(DEV) ## Kill the server ROUNDS times while it writes, and look for what was lost
	@RAGSTONE_FAULT_ROUNDS=$(ROUNDS) $(BIN)/python -m pytest -q tests/faults --timeout 1800

cluster-faults: $(DEV) ## Two gateways before a cluster of three nodes (started at PORT), one of each killed under load
	@test -z "$$OPENSEARCH_URL" || { echo "it kills nodes: unset OPENSEARCH_URL, and it starts some of its own" >&2; exit 1; }
	@$(BIN)/python tools/opensearch start --nodes 3 --port $(PORT) --heap 400m --fresh
	@OPENSEARCH_CLUSTER=$$(for n in 0 1 2; do printf 'http://127.0.0.1:%d,' $$(($(PORT) + n)); done) && \
		export OPENSEARCH_CLUSTER && $(BIN)/python -m pytest -q tests/faults/test_cluster.py; \
		ended=$$?; $(BIN)/python tools/opensearch stop; exit $$ended

bench: $(DEV) ## Every benchmark beside its raw library (CASE=name for one)
	@$(BIN)/python benchmarks/run.py $(CASE)

compat: $(DEV) ## Write COMPATIBILITY.md from the registries
	@$(BIN)/python tools/compatibility.py

rights: $(DEV) ## Write docs/rights.md: what each request asks for
	@$(BIN)/python tools/rights.py

lock: $(DEV) ## Compile the hash-pinned requirements again
	$(PIP) install --quiet uv
	$(BIN)/uv pip compile pyproject.toml requirements/build.in --extra embed --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --upgrade -q -o requirements/runtime.txt
	$(BIN)/uv pip compile pyproject.toml requirements/build.in --extra embed --extra aws --group test --group check --group tools --universal \
		--python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url -c requirements/runtime.txt \
		-q -o requirements/dev.txt

clean: ## Remove the environment and caches
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
