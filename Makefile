# Every target makes its own .venv from the lock file first; nothing else has to be installed.
PYTHON ?= python3
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

PARALLEL := --numprocesses auto --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help setup demo docs test test-fast test-changed test-faults results chromium browser readme bench bench-check slurm-test lint format \
	lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-11s %s\n", $$1, $$2}'

setup: .venv/installed ## Install the locked packages and showreel itself into .venv

.venv/installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "showreel needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup ## Train on patches of photographs that need no download; ends with GIFs, a table of scores and a gallery
	dvc repro --glob 'render@photos-*'
	showreel export photos-denoiser
	showreel export photos-superresolution
	showreel gallery
	@echo
	@showreel list 'photos-*'
	@echo
	@echo 'Open gallery/index.html in a browser.'

docs: setup ## Build the site of docs/ into build/docs; needs no network
	sphinx-build --fail-on-warning --keep-going --nitpicky --quiet docs build/docs
	@echo 'Open build/docs/index.html in a browser.'

test: setup lint ## Check style and types, then run every test; those that import Keras in a run of their own
	pytest --ignore tests/networks $(PARALLEL); others=$$?; pytest tests/networks $(PARALLEL) && exit $$others

test-fast: setup ## Run the unit tests that need neither an engine nor Keras
	pytest --ignore tests/networks -m 'not slow and not faults and not slurm' $(PARALLEL)

test-changed: setup ## Run the tests that the changes since HEAD, or since BASE=…, concern
	tests=$$(python tests/changed.py $(BASE)) && pytest -m 'not slow and not faults and not slurm' $(PARALLEL) $$tests

test-faults: setup ## Run what `make test` leaves out: the long part of the matrix of faults, all commands of the documentation, XLA
	pytest -m 'faults and not slurm'

chromium:
	which chromium || (apt-get update --quiet && apt-get install --quiet --yes --no-install-recommends chromium)

browser: setup chromium ## Look at the gallery and the report in a real Chromium (as root; apt-get installs it if it is missing)
	pytest -m 'not slurm' tests/browser tests/networks/test_trying_in_chromium.py

results: setup ## Train the published experiments again (mnist takes half an hour); commit what changes
	dvc repro --glob 'render@photos-*' 'render@mnist-*' 'cross@*'

readme: setup chromium ## Make the README's table and pictures again from the results on photos and mnist, run if they are not
	dvc repro --glob 'render@photos-*' 'render@mnist-*'
	python docs/readme.py

bench: setup ## Measure showreel beside what people would use instead (hours; `pip install --group peers` adds PyTorch)
	python benchmarks/run.py

bench-check: setup ## Measure the short ones again, and say which ratios are worse than the committed ones by more than the noise
	python benchmarks/run.py --check

slurm-test: setup ## Run everything on a one-node Slurm (as root; apt-get installs what is missing)
	tests/cluster/slurm.sh install
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements-slurm.txt
	pytest -m slurm tests/cluster; status=$$?; tests/cluster/slurm.sh stop; exit $$status

lint: setup ## Check style, types and the engines' files
	ruff check
	ruff format --check
	mypy
	snakefmt --check Snakefile workflow
	snakemake --lint

format: setup ## Put the sources into the project's format
	ruff check --fix
	ruff format
	snakefmt Snakefile workflow

lock: ## Resolve the dependencies anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --group dev pyproject.toml \
		--no-annotate --custom-compile-command 'make lock' --upgrade --output-file requirements.txt
	printf 'snakemake-executor-plugin-slurm%s\n' '' -jobstep | uv pip compile --quiet --universal --python-version 3.11 \
		--generate-hashes --no-deps --no-annotate --custom-compile-command 'make lock' --upgrade \
		--output-file requirements-slurm.txt -

clean: ## Remove what the stages made, but not DVC's cache
	rm -rf data/raw data/prepared data/partial gallery models logs results/*/*.gif results/*/*.png results/*/sheet.json
