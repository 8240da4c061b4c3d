# Each target sets up what it needs on a fresh Debian machine; a second run finds it done.
PYTHON ?= python3
VENV ?= .venv
SETUP = PYTHON=$(PYTHON) VENV=$(VENV) deploy/setup.sh
BIN = $(VENV)/bin

.PHONY: demo serve test snapshot-tests lint bench torture docs lock

demo: ## Both stories, on a real Firebird engine and over real SOAP; SCENARIO=drop_incidents makes the simulator fail
	@$(SETUP) runtime
	@$(BIN)/python -m examples.two_stories $(if $(SCENARIO),--scenario $(SCENARIO))

serve: ## The shim with its stand-ins, until Ctrl-C
	@$(SETUP) runtime
	@$(BIN)/shim serve --demo

test: lint ## All tests, with the quick form of the campaigns
	@$(BIN)/python -m pytest $(ARGS)

snapshot-tests: ## What stands on a practice, on SNAPSHOT=FILE; see docs/testing.md
	@$(SETUP) dev
	@$(BIN)/python -m pytest --snapshot $(or $(SNAPSHOT),$(error name a backup: SNAPSHOT=FILE)) tests/integration tests/conformance tests/reliability $(ARGS)

lint:
	@$(SETUP) dev
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache

torture: ## The campaigns in full length
	@$(SETUP) dev
	@$(BIN)/python -m pytest --torture -m torture --timeout=0 $(ARGS)

bench: ## Every benchmark, side by side with its baseline
	@$(SETUP) dev
	@$(BIN)/python -m benchmarks create_incident
	@$(BIN)/python -m benchmarks intramed
	@$(BIN)/python -m benchmarks outbox
	@$(BIN)/python -m benchmarks planon
	@$(BIN)/python -m benchmarks service
	@$(BIN)/python -m benchmarks snapshots

docs: ## Render docs/reference.md and docs/problems.md from the code, docs/explain.md and docs/bad-night.md from real runs
	@$(SETUP) dev
	@$(BIN)/python -m tests.unit.house.reference > docs/reference.md
	@$(BIN)/python -m tests.unit.house.problems
	@$(BIN)/python -m tests.integration.shim.explained > docs/explain.md
	@$(BIN)/python -m tests.integration.shim.bad_night > docs/bad-night.md

lock: ## Resolve the dependencies anew; needs uv on the path
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet --upgrade -o requirements/runtime.lock
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet --upgrade -o requirements/dev.lock
	uv pip compile --group peers --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --quiet --upgrade -o requirements/peers.lock
