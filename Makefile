# `make demo` and `make test` need python3 and make only; both set up .venv on first use.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: install demo test test-all fuzz check lint types layers docs clean

install: $(STAMP)

# The stamp makes a second run skip the installation unless what it depends on has changed.
$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[dev]"
	touch $@

demo: $(STAMP)
	$(BIN)/ssliqa demo --out demo-out

test: $(STAMP)
	$(BIN)/python -m pytest -n auto

test-all: $(STAMP)
	$(BIN)/python -m pytest -n auto -m "slow or not slow"

# Damaged photo files: none may end, hang or fill the process that decodes them. A few minutes.
fuzz: $(STAMP)
	$(BIN)/python tests/fuzz/mutated_photos.py --files 100000

check: lint types layers

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

layers: $(STAMP)
	$(BIN)/lint-imports

# The reference pages are made from the code; a test fails when they are stale.
docs: $(STAMP)
	$(BIN)/python docs/generate.py
	$(BIN)/pdoc --output-directory site ssliqa

clean:
	rm -rf site demo-out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
