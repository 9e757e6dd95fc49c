# `make demo` and `make test` make all that they need: a virtual environment in .venv with spinnlive and the emulated
# board built into it. Wanted on the machine: Python 3.11 with venv, git, make and a C compiler.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CTEST  := build/ctest
ASAN   := build/sanitize

SOURCES := pyproject.toml README.md $(shell find spinnlive c_realtime -name '*.py' -o -name '*.[ch]' -o -name CMakeLists.txt)

.PHONY: all demo test bench bench-hostile conformance soak long-replay fuzz pytest ctest sanitize lint format clean

all: $(VENV)/.installed

demo: $(VENV)/.installed
	$(BIN)/spinnlive demo

test: lint ctest pytest

# Timed, and so never part of the tests.
bench: $(VENV)/.tools
	$(BIN)/spinnlive bench board --folder build/bench
	PYTHONPATH=benchmarks $(BIN)/python -P benchmarks/loop_latency.py
	PYTHONPATH=benchmarks $(BIN)/python -P benchmarks/send_rate.py
	PYTHONPATH=benchmarks $(BIN)/python -P benchmarks/steps.py
	PYTHONPATH=benchmarks $(BIN)/python -P benchmarks/weights_mid_run.py
	PYTHONPATH=benchmarks $(BIN)/python -P benchmarks/start_up.py
	$(BIN)/python -P benchmarks/receive.py
	$(BIN)/python -P benchmarks/fan_out.py
	$(BIN)/python -P benchmarks/page.py

# Some minutes: a million malformed messages against a server of live runs.
bench-hostile: $(VENV)/.installed
	$(BIN)/python -P benchmarks/hostile_clients.py

# Official examples and integration tests, unmodified, on emulated boards (docs/conformance.md):
#   make conformance EXAMPLES=FOLDER TESTS="FOLDER ..." [SUPPORT="FOLDER ..."] [K="PART ..."] [OPTIONS="--again ..."]
# And the two engines of the emulated board in lockstep, and a live run cancelled at every step that its tasks take, for
# as long as nobody would wait in a test.
conformance: $(VENV)/.conformance ctest
	$(BIN)/python tests/conformance/lockstep.py $(CTEST)/tests/lockstep build/lockstep
	SPINNLIVE_EVERY_CHECKPOINT=1 $(BIN)/python -P -m pytest tests/live/test_cancellation.py
	$(BIN)/python tests/conformance $(EXAMPLES:%=--examples %) $(TESTS:%=--tests %) $(SUPPORT:%=--python-path %) \
	    $(K:%=-k %) $(OPTIONS)

# A live network for an hour: leaks, drift, losses (MINUTES=60). And a live run of a minute, recorded and had again.
MINUTES ?= 60
SECONDS ?= 60
soak: $(VENV)/.installed
	$(BIN)/python -P tests/soak hour --minutes $(MINUTES)

long-replay: $(VENV)/.installed
	$(BIN)/python -P tests/soak replay --seconds $(SECONDS)

# Each parser of outside bytes under AddressSanitizer and UndefinedBehaviorSanitizer, for a while (OPTIONS="--seconds 600",
# "--datagrams 10000000 --jobs 2"): led by coverage where there is clang.
CLANG := $(shell command -v clang)
fuzz: $(VENV)/.tools
	@test -n "$(CLANG)" || echo "No clang here: the targets run with their own mutator, which no coverage leads" \
	    "(apt-get install clang)."
	@$(BIN)/cmake -S c_realtime -B build/fuzz -DSPINNLIVE_FUZZ=ON -DSPINNLIVE_SANITIZE=ON >/dev/null
	@$(BIN)/cmake --build build/fuzz >/dev/null
ifneq ($(CLANG),)
	@$(BIN)/cmake -S c_realtime -B build/libfuzzer -DSPINNLIVE_LIBFUZZER=ON -DSPINNLIVE_SANITIZE=ON \
	    -DCMAKE_C_COMPILER=$(CLANG) >/dev/null
	@$(BIN)/cmake --build build/libfuzzer >/dev/null
endif
	$(BIN)/python -P tests/fuzz --programs build/fuzz/fuzz --guided build/libfuzzer/fuzz $(OPTIONS)

$(VENV)/.conformance: $(VENV)/.installed
	@echo "Installing what the official tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[conformance]'
	@touch $@

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "spinnlive needs Python 3.11 or later: make PYTHON=/path/to/python3.11"; exit 1; }
	@command -v cc >/dev/null || { echo "spinnlive needs a C compiler: apt-get install gcc"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.installed: $(VENV)/.created $(SOURCES)
	@echo "Installing spinnlive and building the emulated board ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[demo]'
	@touch $@

$(VENV)/.tools: $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[demo,test,lint]'
	@touch $@

# The C tests, and the library with which Python compares the ARM core with an oracle.
ctest: $(VENV)/.tools
	@$(BIN)/cmake -S c_realtime -B $(CTEST) -DSPINNLIVE_TESTS=ON >/dev/null
	@$(BIN)/cmake --build $(CTEST) >/dev/null
	$(BIN)/ctest --test-dir $(CTEST) --output-on-failure

# The C tests again, watched for memory errors and undefined behaviour; and a board program built that way.
sanitize: $(VENV)/.tools
	@$(BIN)/cmake -S c_realtime -B $(ASAN) -DSPINNLIVE_TESTS=ON -DSPINNLIVE_SANITIZE=ON >/dev/null
	@$(BIN)/cmake --build $(ASAN) >/dev/null
	$(BIN)/ctest --test-dir $(ASAN) --output-on-failure

pytest: ctest sanitize
	SPINNLIVE_ARM_SHIM=$(CTEST)/tests/libarm_shim.so SPINNLIVE_SANITIZED_BOARD=$(ASAN)/spinnlive-board \
	    $(BIN)/python -P -m pytest

lint: $(VENV)/.tools
	$(BIN)/ruff check spinnlive tests examples benchmarks
	$(BIN)/ruff format --check --quiet spinnlive tests examples benchmarks
	$(BIN)/mypy
	$(BIN)/clang-format --dry-run --Werror $$(find c_realtime -name '*.[ch]')

format: $(VENV)/.tools
	$(BIN)/ruff check --fix spinnlive tests examples benchmarks
	$(BIN)/ruff format spinnlive tests examples benchmarks
	$(BIN)/clang-format -i $$(find c_realtime -name '*.[ch]')

clean:
	rm -rf $(VENV) build
