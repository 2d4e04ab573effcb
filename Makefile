# Every verb of the project; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup lint test demo ui night battery bench stop clean

PYTHON ?= python3
BIN := .venv/bin
UV := uv==0.13.9
export HUITOU_HOME ?= $(CURDIR)/.huitou
unexport PYTHONDONTWRITEBYTECODE

# The demo's nights are dates of its own shop, so that its output is the same on every machine.
DEMO_UNTIL := 2026-11-21
DEMO_FROM := 2026-11-19
DEMO_SHOP := --customers 2000 --days 240 --seed 1 --until $(DEMO_UNTIL)

help:  ## list the verbs
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

setup: .venv/ready  ## make .venv and install the pinned set

.venv/ready: requirements.txt pyproject.toml
	@$(PYTHON) .ci/python_version.py
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check $(UV)
	@.ci/install requirements.txt && touch $@

.venv/ready-dev: .venv/ready requirements-dev.txt
	@.ci/install requirements-dev.txt && touch $@

lint: .venv/ready-dev  ## ruff, sqlfluff, mypy
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --disable-progress-bar dbt
	$(BIN)/sqlfluff lint --disable-progress-bar --templater placeholder plugins/huitou

test: .venv/ready-dev  ## the tests
	TMPDIR=$$(.ci/scratch) $(BIN)/pytest -m "not battery" --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

demo: .venv/ready  ## three nights of the demo shop, from nothing to messages accepted once
	@test -f $(HUITOU_HOME)/shop/truth/parameters.json || $(BIN)/huitou shop generate --out $(HUITOU_HOME)/shop $(DEMO_SHOP)
	@HUITOU_CLOCK=morning-after $(BIN)/huitou night --date $(DEMO_FROM) --until $(DEMO_UNTIL)
	@echo "Open Airflow with: make ui    Stop everything with: make stop"

ui: .venv/ready  ## start Airflow on loopback and print its login
	@$(BIN)/huitou ui start

night: .venv/ready  ## run one night: make night DATE=2026-11-21
	@$(BIN)/huitou night --date $(or $(DATE),$(error say which: make night DATE=YYYY-MM-DD))

battery: .venv/ready-dev  ## the long tests, see docs/batteries.md
	TMPDIR=$$(.ci/scratch) $(BIN)/pytest -m battery

bench: .venv/ready-dev  ## print speeds beside a named rival's, in one run
	$(BIN)/python bench/ingest.py

stop:  ## stop Airflow, the sandbox provider and the database
	@test ! -x $(BIN)/huitou || { $(BIN)/huitou ui stop; $(BIN)/huitou sandbox stop; $(BIN)/huitou db stop; }

clean: stop  ## stop, and delete all state and the virtual environment
	@test ! -x $(BIN)/huitou || $(BIN)/huitou db stop --remove
	rm -rf "$(HUITOU_HOME)" .venv
