# Two commands do all the set-up on a fresh machine: `make audit` runs the main job, `make test` passes every check.
.PHONY: audit test test-parallel calibrate bench env env-dev lint clean

RUN ?= runs/smollm2-135m-instruct

audit: env            ## audit the packaged model; the report's path is printed last
	@.venv/bin/audit run smollm2-135m-instruct --suite occupations --out $(RUN)

test: env-dev         ## ruff, mypy, unit tests, end-to-end tests on the real model
	@scripts/test.sh

test-parallel: env-dev ## a tiny model trained in several processes by DDP, ZeRO and FSDP (about 6 minutes)
	@.venv/bin/pytest -m parallel

calibrate: env-dev    ## every primary metric on simulated respondents, docs/calibration.md (hours; can be killed, goes on)
	@mkdir -p build
	@OMP_NUM_THREADS=1 .venv/bin/python -m benchmarks.calibration --jobs $$(nproc) --audits build/calibration.jsonl --write docs/calibration.md

bench: env-dev        ## every benchmark, as ratios measured side by side
	@scripts/bench.sh

env:
	@scripts/setup.sh

env-dev:
	@scripts/setup.sh dev

lint: env-dev
	@.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

clean:
	rm -rf runs build .mypy_cache .ruff_cache .pytest_cache .hypothesis
