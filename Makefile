# Everything a developer types; `make` alone lists it.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help check-fast check test test-deps soak demo docs screenshots lock format

BIN := .venv/bin
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade) pyproject.toml --group build

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

check-fast: .venv/.dev ## Format, lint, types, layers, documentation: seconds
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/house

check: check-fast test ## check-fast, then test

test: ## Every test this machine can run; lists at the end what it could not
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then $(MAKE) --no-print-directory test-deps; fi
	@$(MAKE) --no-print-directory .venv/.dev
	$(BIN)/pytest -n 4 --dist loadfile

test-deps: ## Install the system packages the tests need (root on Debian or Ubuntu; says what it does)
	@$(or $(PYTHON),python3) tests/needs.py

soak: .venv/.dev ## The long runs: 100 deployments under load, a kill at every failpoint
	$(BIN)/pytest -m soak --timeout 7200

demo: .venv/.runtime ## From a push to production with examples/topup; ONCE=1 checks it and stops
	@$(BIN)/python examples/demo.py $(if $(ONCE),--once)

docs: .venv/.dev ## Write docs/reference anew
	$(BIN)/python tools/reference.py

screenshots: .venv/.dev ## Take docs/pictures anew, of a real run (needs Chromium)
	PICTURES=$(CURDIR)/docs/pictures $(BIN)/pytest -q tests/story/test_a_push_is_watched_in_a_browser.py

format: .venv/.dev ## Let ruff format and sort
	$(BIN)/ruff check --select I --fix .
	$(BIN)/ruff format .

lock: .venv/.runtime ## Write the locks anew; UPGRADE=1 takes the newest versions
	$(COMPILE) --output-file requirements.txt
	$(COMPILE) --group dev --constraint requirements.txt --output-file requirements-dev.txt

.venv/.runtime: requirements.txt pyproject.toml tools/venv
	@PYTHON="$(PYTHON)" tools/venv requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt pyproject.toml tools/venv
	@PYTHON="$(PYTHON)" tools/venv requirements-dev.txt
	@touch $@
