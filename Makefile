# The habits of this project; CONTRIBUTING.md says when to use which.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin

.PHONY: run setup assets lock test lint chaos fuzz audit sbom bench bench-load mail-scores demo demo-mail screenshots sizes messages clean help

help: ## Say what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

run: setup ## Start the whole helpdesk; Ctrl-C stops it
	@exec $(BIN)/python manage.py up

setup: .venv/.installed node_modules/.installed assets ## Make .venv, install the locks, build assets

.venv/.installed: requirements/base.txt requirements/dev.txt scripts/make_venv.sh
	@PYTHON="$(PYTHON)" sh scripts/make_venv.sh

node_modules/.installed: package.json package-lock.json .venv/.installed
	@sh scripts/node.sh npm ci --no-progress
	@touch $@

# Icons are found where templates and code name them, so these count as sources too.
SOURCES := $(shell find assets templates locale static tickets people channels_inbound helpdesk events scripts -type f \
	\( -name '*.js' -o -name '*.mjs' -o -name '*.css' -o -name '*.html' -o -name '*.py' -o -name '*.po' -o -name '*.svg' \) \
	-not -path 'static/dist/*')

assets: static/dist/.built ## Build static/dist, staticfiles/ and the translations

static/dist/.built: node_modules/.installed $(SOURCES)
	@sh scripts/node.sh node assets/build.mjs
	@$(BIN)/python scripts/compile_messages.py
	@$(BIN)/python manage.py collectstatic --noinput --clear -v 0
	@touch $@

lock: ## Pin what requirements/*.in and package.json ask for
	@sh scripts/lock.sh

test: setup ## Run all tests, in one process a core (ARGS=...: what pytest takes; -n0: in one process)
	@$(BIN)/pytest -n auto $(ARGS)

lint: setup ## ruff, mypy, templates, migrations
	@sh scripts/lint.sh

# 18 rounds of harm, each kind once a round, two seconds apart: ten minutes. MINUTES=30 for longer.
MINUTES ?= 10
chaos: setup ## Kill, freeze and empty everything for ten minutes while all write, then check (MINUTES=, HELPDESK_STORM_SEED=)
	@HELPDESK_STORM_ROUNDS=$$(( $(MINUTES) * 18 / 10 )) HELPDESK_STORM_MAILS=$$(( $(MINUTES) * 600 )) \
	    $(BIN)/pytest tests/chaos/test_storm.py -q -s $(ARGS)

fuzz: setup ## 20,000 calls of the API as it describes itself, and what strangers bring to each reader
	@HELPDESK_FUZZ_CALLS=$${HELPDESK_FUZZ_CALLS:-20000} $(BIN)/pytest tests/api/test_fuzz.py tests/api/test_fuzz_outside.py tests/security/test_fuzz_parsers.py -q -s $(ARGS)

audit: setup ## Known holes in what is locked; works without a network too, and says so
	@$(BIN)/python scripts/audit.py $(ARGS)

sbom: ## What the running system is made of, as CycloneDX, into sbom.json
	@$(BIN)/python scripts/sbom.py sbom.json

bench-load: setup ## Agents, widgets and mails at once (ARGS="--seconds 600 --agents 50 --widgets 1000 --mails 20")
	@$(BIN)/python -m bench.load $(ARGS)

bench: setup ## Measure, with the limits measured in the same run
	@$(BIN)/python -m bench $(ARGS)

mail-scores: setup ## How well the mails in ../shared/corpora are read, beside other libraries
	@$(BIN)/python -m scripts.mail_scores $(ARGS)

demo: setup ## The helpdesk with simulators of the providers beside it: every channel live (a demonstration)
	@exec $(BIN)/python -m tests.providers.demo

demo-mail: setup ## Send a sample mail into the running helpdesk
	@$(BIN)/python manage.py demo_mail $(ARGS)

screenshots: setup ## Take the pictures of docs/screenshots/ (ARGS=--all: every page)
	@$(BIN)/python scripts/screenshots.py $(ARGS)

sizes: .venv/.installed ## List functions over 40 lines and files over 400
	@$(BIN)/python scripts/sizes.py

messages: setup ## Collect strings for translation (needs gettext) and compile them
	@$(BIN)/python scripts/collect_messages.py && $(BIN)/python scripts/compile_messages.py

clean: ## Remove what is built; var/ (the data) stays
	@rm -rf .venv node_modules static/dist staticfiles locale/*/LC_MESSAGES/*.mo .mypy_cache .ruff_cache .pytest_cache
