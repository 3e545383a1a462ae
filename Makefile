# make demo    see the program do its main job on a simulated eye
# make test    every test, with its own set-up
# Variables: PYTHON (>= 3.11), ENV (.venv), TORCH_BACKEND (cpu: a smaller install)
PYTHON ?= python3
ENV ?= .venv
TORCH_BACKEND ?=
export PYTHON ENV TORCH_BACKEND
BIN := $(ENV)/bin
PYTEST := $(BIN)/python -m pytest
export PYTHONFAULTHANDLER = 1
# Two processes test on, it may be, two cores: threads of one would wait for those of the other.
TEST_ENV := QT_QPA_PLATFORM=offscreen OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1

.PHONY: help demo test test-napari test-nightly lint types imports check format bench accuracy screenshots constraints clean

help:
	@sed -n '1,3s/^# //p' Makefile

demo:
	@sh tools/setup.sh app
	@$(BIN)/python -m mirage_viewer.tour --out demo-output

test:
	@sh tools/setup.sh app,napari,test
ifeq ($(ARGS),)
	@$(TEST_ENV) $(PYTEST) -q -n 2 --dist loadfile --durations=15 --ignore=tests/plugins/napari
	@$(MAKE) --no-print-directory test-napari
else
	@$(TEST_ENV) $(PYTEST) -q -n 2 --dist loadfile $(ARGS)
endif

# The plugin in real viewers, which draw with OpenGL on a display: without one, on one unseen.
test-napari:
	@sh tools/setup.sh app,napari,test
	@$(TEST_ENV) sh tools/under_xvfb.sh $(PYTEST) -q -n 2 --dist loadfile tests/plugins/napari $(ARGS)

# Long: thousands of fuzzed files and hundreds of kills.
test-nightly:
	@sh tools/setup.sh app,test
	@$(TEST_ENV) MIRAGE_NIGHTLY=1 $(PYTEST) -q -n 2 --dist loadfile $(ARGS)

check: lint types imports

lint:
	@sh tools/setup.sh app,test,dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types:
	@sh tools/setup.sh app,test,dev
	@$(BIN)/mypy

imports:
	@sh tools/setup.sh app,test,dev
	@$(BIN)/lint-imports

format:
	@sh tools/setup.sh app,test,dev
	@$(BIN)/ruff check --fix -q . ; $(BIN)/ruff format .

# Peers of the benchmarks are installed in an environment of their own.
bench:
	@ENV=.venv-bench sh tools/setup.sh app,test,bench
	@.venv-bench/bin/python -m benchmarks --write docs/performance.md

# Needs the real scans beside the checkout.
accuracy:
	@sh tools/setup.sh app
	@$(BIN)/python -m benchmarks.accuracy --write docs/accuracy.md

# The README's pictures.
screenshots:
	@sh tools/setup.sh app
	@QT_QPA_PLATFORM=offscreen $(BIN)/python -m mirage_viewer.tour --out demo-output --gallery docs/images
	@sh tools/setup.sh app,napari
	@sh tools/under_xvfb.sh $(BIN)/python -m napari_mirage.tour --out docs/images

constraints:
	@sh tools/setup.sh app,test,dev
	@$(BIN)/uv pip compile pyproject.toml tools/uv.in --all-extras --universal --python-version 3.11 \
		--upgrade --no-annotate --no-header --no-emit-index-url -q -o constraints.txt

clean:
	rm -rf .venv .venv-bench demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis
