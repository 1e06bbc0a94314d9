# Every task of the project; `make help` lists them. Needs git, make, a C compiler and Python >= 3.11, nothing else.

PYTHON ?= python3
CORES  ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
BIN    := .venv/bin
QUICK  ?=
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PYTHONUNBUFFERED := 1

.DEFAULT_GOAL := help
.PHONY: help demo test test-fast test-slurm lint format dag golden schema docs fit-links fit-links-sam2 train-tiny train-tiny-3d link-card bench clean setup setup-dev

help: ## list all targets
	@grep -hE '^[a-zA-Z_%-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-16s %s\n", $$1, $$2}'

demo: setup ## simulate a 2D and a 3D movie, track both, score them, say where the pages lie
	@$(BIN)/snakemake --cores $(CORES) --configfile config/datasets/demo2d.yaml
	@$(BIN)/snakemake --cores $(CORES) --configfile config/datasets/demo3d.yaml
	@echo; echo "look at  $(CURDIR)/results/demo2d/01_report.html"; echo "and at   $(CURDIR)/results/demo3d/01_report.html"

test: setup-dev ## run the whole test suite (unit, property, golden, workflow)
	@$(BIN)/python -m pytest -n $(CORES) --dist worksteal

test-fast: setup-dev ## the test suite without the parts that start Snakemake
	@$(BIN)/python -m pytest -n $(CORES) --dist worksteal -m "not workflow"

test-slurm: setup-dev ## install a real Slurm (as root or by sudo), run demos and faults on it; skipped with a reason where it cannot be had
	@tests/slurm/install.sh
	@$(BIN)/python -m tests.slurm.run

lint: setup-dev ## ruff, format, typing, snakefmt, snakemake --lint, import contracts, house budgets
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint --configfile config/datasets/demo2d.yaml --workflow-profile none
	$(BIN)/lint-imports
	$(BIN)/python -m samtrack.config.generate --check
	$(BIN)/python -m samtrack.cli.reference --check
	$(BIN)/python -m pytest tests/house

format: setup-dev ## rewrite the code in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow

dag: setup ## draw the jobs of the 2D demo as text for Graphviz
	@$(BIN)/snakemake --configfile config/datasets/demo2d.yaml --rulegraph

golden: setup-dev ## accept today's results as the frozen ones (raise a revision first)
	@$(BIN)/python -m pytest tests/golden --update-golden

schema: setup-dev ## write config/config.default.yaml, config/config.schema.json and docs/reference anew
	@$(BIN)/python -m samtrack.config.generate --write
	@$(BIN)/python -m samtrack.cli.reference --write

docs: setup-dev ## build the manual as pages for a browser, into site/
	@$(BIN)/python -m mkdocs build --strict
	@echo "open  $(CURDIR)/site/index.html"

fit-links: setup ## fit the shipped link model anew to simulated movies (minutes), and write its card
	@$(BIN)/samtrack train links --workers $(CORES) --out src/samtrack/link/default_model.json --card docs/link_model.md

fit-links-sam2: setup ## the same for the link model that goes by the evidence of samtrack-tiny, too (an hour)
	@$(BIN)/samtrack train links --sam2 --workers $(CORES) --out src/samtrack/link/default_model_sam2.json --card docs/link_model_sam2.md

train-tiny: setup ## train the network that ships anew, on simulated movies (two hours on two cores), into results/samtrack-tiny-3
	@$(BIN)/samtrack train sam2 --recipe config/train/samtrack-tiny-1.yaml --out results/samtrack-tiny-1
	@$(BIN)/samtrack train sam2 --recipe config/train/samtrack-tiny-2.yaml --out results/samtrack-tiny-2
	@$(BIN)/samtrack train sam2 --recipe config/train/samtrack-tiny-3.yaml --out results/samtrack-tiny-3

train-tiny-3d: setup ## train the network for volumes that ships anew, on simulated nuclei (an hour and a half), into results/samtrack-tiny-3d-4
	@$(BIN)/samtrack train sammed3d --recipe config/train/samtrack-tiny-3d-1.yaml --out results/samtrack-tiny-3d-1
	@$(BIN)/samtrack train sammed3d --recipe config/train/samtrack-tiny-3d-2.yaml --out results/samtrack-tiny-3d-2
	@$(BIN)/samtrack train sammed3d --recipe config/train/samtrack-tiny-3d-3.yaml --out results/samtrack-tiny-3d-3
	@$(BIN)/samtrack train sammed3d --recipe config/train/samtrack-tiny-3d-4.yaml --out results/samtrack-tiny-3d-4

link-card: setup ## write docs/link_model.md, the card of the shipped link model
	@$(BIN)/samtrack train links --check --movies 0 --card docs/link_model.md

bench: $(patsubst benchmarks/bench_%.py,bench-%,$(sort $(wildcard benchmarks/bench_*.py))) ## run all benchmarks (QUICK=1: small)

bench-%: setup-dev ## run one benchmark, as in `make bench-ingest`
	$(BIN)/python benchmarks/bench_$*.py $(if $(QUICK),--quick)

setup: .venv/.setup ## install samtrack into .venv
setup-dev: .venv/.setup-dev ## the same with everything the tests need

.venv/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "samtrack needs Python >= 3.11; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make $(MAKECMDGOALS) PYTHON=python3.11"; exit 1; }
	@echo "setting up .venv (once, a minute or two) ..."
	@$(PYTHON) -m venv .venv && $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt --upgrade pip || { rm -rf .venv; echo "no environment could be made; on Debian: apt-get install python3-venv"; exit 1; }

.venv/.setup: pyproject.toml constraints.txt | .venv/bin/pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/.setup-dev: pyproject.toml constraints.txt | .venv/bin/pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,view]'
	@tests/install.sh
	@touch $@ .venv/.setup

clean: ## remove results and caches; keeps .venv
	rm -rf results site .snakemake .pytest_cache .mypy_cache .ruff_cache .hypothesis benchmarks/results/*.tmp
