# Two commands: `make demo` runs it, `make test` tests it. `make help` lists the rest.
.DEFAULT_GOAL := help
VAR ?= var
PORT ?= 8000
VENV := .venv
PY := $(VENV)/bin/python
STACK := $(VENV)/.stack
export VAR PORT MINUTES SEED
# Dozens of processes start here: without it each compiles every module again, half a second of CPU.
unexport PYTHONDONTWRITEBYTECODE
# The servers' data while tests run: what they ask of a disk is its semantics, not its patience.
STACK_VAR ?= $(if $(wildcard /dev/shm),/dev/shm/np-test-stack,$(VAR))
ON_STACK ?= tests/whole tests/notifications/log tests/notifications/store tests/stack tests/foundation tests/delivery/test_status_away.py
JOBS ?= 4
# Tests that start the platform's processes, or ask servers, wait more than they work. A file's share one platform.
PROCESS_JOBS ?= 3
STACK_JOBS ?= 4
PROCESSES := platform or chaos or browser
PROCESS_FILES = $(shell grep -rlE 'mark\.(platform|chaos|browser)' tests --include='test_*.py')
SERVERS := stack or cluster

FIND_PYTHON = for p in $(PYTHON) python3 python3.12 python3.11 python3.13; do \
	if $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; then echo $$p; break; fi; done

.PHONY: help demo stack stack-stop stack-status stack-clean demo-stack simulators test test-stack test-faults test-cluster soak bench bench-channels bench-stack profile check format proto client wheel bench-broadcast clean upgrade

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/bin/python:
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then echo "make: Python 3.11, 3.12 or 3.13 is needed and none was found; install one, or name it: PYTHON=/path/to/python3.12 make demo" >&2; exit 1; fi; \
	echo "… making $(VENV) with $$($$python --version)"; $$python -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.base: $(VENV)/bin/python requirements/base.txt clients/python/pyproject.toml
	@echo "… installing requirements/base.txt and the client"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements/base.txt -e "clients/python[cli,grpc,testing]"
	@touch $@

$(VENV)/.test: $(VENV)/.base requirements/test.txt
	@echo "… installing requirements/test.txt"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements/test.txt
	@touch $@

$(VENV)/.production: $(VENV)/.base requirements/production.txt
	@echo "… installing requirements/production.txt"
	@$(PY) -m pip install --quiet --disable-pip-version-check -r requirements/production.txt
	@touch $@

demo: $(if $(filter simulators,$(PROVIDERS)),$(VENV)/.test,$(VENV)/.base) ## run everything; PORT=8000, VAR=var and PROVIDERS=simulators can be set
	@exec $(PY) -m demo.launch

test: $(VENV)/.test check ## test everything
	@$(PY) -m pytest -q -n $(JOBS) -m "not ($(PROCESSES)) and not ($(SERVERS))"
	@$(PY) -m pytest -q -n $(PROCESS_JOBS) --dist loadfile -m "($(PROCESSES)) and not ($(SERVERS))" $(PROCESS_FILES)

test-stack: $(VENV)/.test $(STACK) ## the behaviour again on Kafka, Cassandra, MariaDB and Redis; every kill under load
	@VAR=$(STACK_VAR) $(PY) -m stack run -- $(PY) -m pytest -q -n $(STACK_JOBS) -m "not ($(PROCESSES))" $(ON_STACK)
	@$(PY) -m pytest -q tests/chaos/test_mysql_down.py
	@$(PY) -m tests.faults --short

test-faults: $(VENV)/.test $(STACK) ## each fault under load (an hour); FAULTS=--short (4 minutes), FAULTS="kill:kafka half_open:redis"
	@$(PY) -m tests.faults $(FAULTS)
	$(if $(FAULTS),,@$(MAKE) --no-print-directory test-cluster)

test-cluster: $(VENV)/.test $(STACK) ## three brokers and three Cassandra nodes: killed, joined, moved under load
	@CLUSTER=true $(PY) -m pytest -q -s tests/faults/test_cluster.py

soak: $(VENV)/.test $(STACK) ## drawn faults under load: MINUTES=10 SEED=n; Ctrl-C ends it early
	@exec $(PY) -m tests.faults.soak

# What has to be installed is said before pip tries to compile mysqlclient without it.
$(STACK): $(VENV)/.base requirements/production.txt
	@$(PY) -m stack check
	@$(MAKE) --no-print-directory $(VENV)/.production
	@touch $@

stack: $(STACK) ## start Kafka, Cassandra, MariaDB, Redis; NODES=3 and STACK_PORT=20000 can be set
	@exec $(PY) -m stack start

stack-stop: $(VENV)/.base ## stop them
	@exec $(PY) -m stack stop

stack-status: $(VENV)/.base ## each server: pid, port, up or down, log
	@exec $(PY) -m stack status

stack-clean: $(VENV)/.base ## forget their data
	@exec $(PY) -m stack clean

demo-stack: $(STACK) $(if $(filter simulators,$(PROVIDERS)),$(VENV)/.test) ## the demo on these servers; starts them if need be
	@exec $(PY) -m stack run -- $(PY) -m demo.launch

simulators: $(VENV)/.test ## APNs, FCM, Web Push, SES, SMTP, Twilio on loopback, with a page of faults; PORT=8000 is who gets the receipts
	@exec $(PY) -m tests.simulators

bench: $(VENV)/.test ## measure everything (about 5 minutes), beside what the machine can do
	@$(PY) -m bench

bench-channels: $(VENV)/.test ## each adapter beside its bare library, against the simulators (about 5 minutes); QUICK=1
	@$(PY) -m bench.channels $(if $(QUICK),--quick)
	@$(PY) -m bench.channels.steady $(if $(QUICK),--quick)

bench-broadcast: $(VENV)/.test ## broadcasts beside the bare cost of the same reading and writing (about 5 minutes); QUICK=1
	@$(PY) -m bench.broadcast $(if $(QUICK),--quick)

bench-stack: $(VENV)/.test $(STACK) ## measure on the servers (half an hour; QUICK=1, ONLY="peak more"); writes docs/sizing.md
	@$(PY) -m stack run -- $(PY) -m bench.stack $(if $(QUICK),--quick) $(if $(ONLY),--only $(ONLY))

profile: $(VENV)/.test $(STACK) ## where the CPU time goes on the servers: STAGE="raw route", or SPY="bridge web" under load, LOAD="--singles 200"
	@$(PY) -m stack run -- $(PY) -m $(if $(SPY)$(LOAD),bench.profiling $(LOAD) --spy $(SPY),bench.stagework $(if $(STAGE),--apart --profile "$(STAGE)"))

check: $(VENV)/.test ## formatter, linter, types, import contracts, written pages
	@$(VENV)/bin/ruff format --check --quiet . || { echo "run: make format" >&2; exit 1; }
	@$(VENV)/bin/ruff check --quiet .
	@VAR=$(VENV)/var $(VENV)/bin/mypy --no-error-summary .
	@$(VENV)/bin/lint-imports --no-cache > /dev/null || $(VENV)/bin/lint-imports --no-cache
	@$(PY) -m config.settings_page --check
	@VAR=$(VENV)/var $(PY) -m config.api_schema --check

format: $(VENV)/.test ## format the code, write docs/settings.md and docs/openapi.yaml
	@$(VENV)/bin/ruff check --fix --quiet . ; $(VENV)/bin/ruff format --quiet .
	@$(PY) -m config.settings_page
	@VAR=$(VENV)/var $(PY) -m config.api_schema

proto: $(VENV)/.test ## generate from notifications/grpc/proto; refuses what would break a client
	@$(PY) -m notifications.grpc.generate

client: $(VENV)/.test ## write what the client carries of the server: schema, .proto, stubs
	@DJANGO_SETTINGS_MODULE=config.settings VAR=$(VENV)/var $(PY) -m tests.client.published

wheel: $(VENV)/.test ## build the client: clients/python/dist
	@$(PY) -m build --quiet clients/python

COMPILE = CUSTOM_COMPILE_COMMAND="make upgrade" $(VENV)/bin/pip-compile --quiet --upgrade --strip-extras \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

upgrade: $(VENV)/.test ## pin the newest versions that requirements/*.in allow (with Python 3.11, the oldest)
	@$(PY) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "make: pins are made with Python 3.11: rm -r $(VENV); PYTHON=python3.11 make upgrade" or 0)'
	@$(COMPILE) --output-file requirements/base.txt requirements/base.in
	@$(COMPILE) --output-file requirements/production.txt requirements/production.in
	@$(COMPILE) --output-file requirements/test.txt requirements/test.in

clean: ## forget the demo's state in VAR
	@if [ -f "$(VAR)/supervisord.pid" ] && kill -0 $$(cat "$(VAR)/supervisord.pid") 2>/dev/null; then echo "make: a demo is running on $(VAR); end it first (Ctrl-C)" >&2; exit 1; fi
	@if [ -e "$(VAR)/stack/supervisor.sock" ]; then $(PY) -m stack clean; fi
	@rm -rf "$(VAR)"
