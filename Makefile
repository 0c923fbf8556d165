# `make run` and `make test` need Python 3.11 or newer and nothing else: they make a virtual
# environment in .venv and install xmppd and what it depends on there. Downloads go through
# pip's own cache, which lies outside this folder (see `pip cache dir`).
#
#   make run                                 a server with defaults, data below ./data
#   make run ARGS="--domain example.com"     the same with options of `twistd xmpp-im`
#   make test                                the test suite
#   make test TESTS=tests.protocol           a part of it; JOBS=1: one test at a time
#   make fuzz                                a minute of random streams against the framer
#   make check                               style, types and layers
#   make bench                               measurements
#   make docs                                docs/reference anew; the API reference in build/docs

PYTHON ?= python3
VENV ?= .venv
TESTS ?= tests
JOBS ?= 2
ARGS ?=
PY = $(VENV)/bin/python
INSTALL = $(PY) -m pip install --quiet --disable-pip-version-check --editable
METADATA = setup.cfg pyproject.toml

.PHONY: run test fuzz check bench docs clean

run: $(VENV)/.run
	$(VENV)/bin/twistd -n --pidfile= xmpp-im $(ARGS)

test: $(VENV)/.test
	$(PY) -m twisted.trial -j $(JOBS) $(TESTS)

fuzz: $(VENV)/.test
	$(PY) -m tests.fuzz.framer --seconds 60

check: $(VENV)/.dev
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

bench: $(VENV)/.test
	$(PY) -m bench $(ARGS)

docs: $(VENV)/.docs
	$(PY) -m xmppd.app.docs
	$(VENV)/bin/pydoctor --quiet --docformat=plaintext --project-name=xmppd \
		--html-output=build/docs xmppd

clean:
	rm -rf $(VENV) build dist *.egg-info _trial_temp* .hypothesis .mypy_cache .ruff_cache

$(VENV)/.run: $(VENV)/.made $(METADATA)
	$(INSTALL) .
	@touch $@

$(VENV)/.test: $(VENV)/.made $(METADATA)
	$(INSTALL) '.[test]'
	@touch $@

$(VENV)/.dev: $(VENV)/.made $(METADATA)
	$(INSTALL) '.[test,dev]'
	@touch $@

$(VENV)/.docs: $(VENV)/.made $(METADATA)
	$(INSTALL) '.[docs]'
	@touch $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "xmppd needs Python 3.11 or newer: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || \
		{ echo "No virtual environment; on Debian: apt install python3-venv" >&2; exit 1; }
	@touch $@
