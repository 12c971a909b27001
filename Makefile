.DEFAULT_GOAL := help
.PHONY: help run install install-dev test chaos check format bench storm soak sweep ordeal baseline memory clean
PYTHON_BIN := .venv/bin/python

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  PORT=8001 WORKERS=3 ASK=\"…\" change make run; DATABASE_URL and REDIS_URL choose PostgreSQL and Redis."

run: install ## install, prepare, and run everything on http://127.0.0.1:8000 until Ctrl-C
	@scripts/pdf-libraries
	@scripts/run

test: install-dev ## all tests (on PostgreSQL and Redis when DATABASE_URL and REDIS_URL are set)
	@scripts/pdf-libraries
	@scripts/test $(ARGS)

chaos: install-dev ## a short storm, several hosts, lost servers, rolling restart, changed keys: minutes with whole clusters
	@scripts/pdf-libraries
	$(PYTHON_BIN) -m pytest -m 'long and not ordeal' tests/chaos $(ARGS)

check: install-dev ## format, lint, types, import contracts, migrations, deployment settings
	@scripts/check

format: install-dev ## put the code into shape
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

bench: install-dev ## measure against goals and peers, write docs/benchmarks.md: some 20 minutes; ARGS="--quick --no-page", ARGS=--help
	@scripts/pdf-libraries
	$(PYTHON_BIN) -m tests.benchmarks $(ARGS)

storm: install-dev ## break everything for MINUTES while tasks run, then check: SEED=1 MINUTES=10 STORM="--database postgresql"
	$(PYTHON_BIN) -m tests.chaos.storm --seed $(or $(SEED),1) --minutes $(or $(MINUTES),1) $(STORM)

soak: install-dev ## a steady load for MINUTES (60), then: did anything grow or stay held? SOAK="--database postgresql"
	@scripts/pdf-libraries
	$(PYTHON_BIN) -m tests.chaos.soak --minutes $(or $(MINUTES),60) $(SOAK)

sweep: install-dev ## kill at every write of a 30-call script, of tasks of tasks and of a workflow, at every point
	SWEEP=full $(PYTHON_BIN) -m pytest -q -m chaos tests/chaos/test_s1.py tests/chaos/test_s1_families.py $(ARGS)

ordeal: install-dev ## hundreds of rounds of kills, timeouts, restarts, for their figures: most of an hour; SEED=1 ARGS="-k kill"
	@scripts/pdf-libraries
	SEED=$(or $(SEED),1) $(PYTHON_BIN) -m pytest -m ordeal -s tests/chaos $(ARGS)

baseline: install-dev ## what bare Django-Q2 does under the same accidents, beside ours
	$(PYTHON_BIN) -m tests.chaos.baseline $(ARGS)

memory: ## what the running installation's processes need
	@$(PYTHON_BIN) manage.py memory

install:
	@scripts/install requirements.lock

install-dev:
	@scripts/install requirements-dev.lock

clean: ## remove the environment (the data in var/ stays)
	rm -rf .venv
