# The front door. Each target installs what it needs, then calls CMake with a preset of CMakePresets.json.
BUILD := build/release
JOBS := $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
FUZZ_SECONDS ?= 20
PREFIX ?= /usr/local
# A run of CI (the variable CI is set there) turns warnings into errors.
STRICT := $(if $(CI),-DRUSHHOUR_WERROR=ON)
export FUZZ_SECONDS JOBS

.PHONY: help demo test build install package interop check lint bench bench-peers coverage deps clean
.NOTPARALLEL:

help:
	@echo 'make demo      run the demo profile against the simulator; ends with a report (nothing to set up, nothing to pay)'
	@echo 'make test      every test that must stay green: unit and end to end'
	@echo 'make build     leaves $(BUILD)/rushhour'
	@echo 'make install   program, manual pages, completions and profiles below PREFIX=$(PREFIX) (and DESTDIR)'
	@echo 'make package   a .deb of the same, in $(BUILD)'
	@echo 'make interop   tests against software that we did not write: the openai SDK, the HdrHistogram of the JVM, ...'
	@echo 'make check     the tests under ASan+UBSan and TSan, a run under valgrind, the fuzzers for FUZZ_SECONDS=$(FUZZ_SECONDS) each'
	@echo 'make lint      format, clang-tidy, cppcheck, gcc -fanalyzer, shellcheck, the floors of the house, hardening'
	@echo 'make bench     what things cost on this machine'
	@echo 'make bench-peers  the same beside a raw client, Node, artillery and Python (ARGUMENTS="--rounds 1 --seconds 3": shorter)'
	@echo 'make coverage  which lines of src the tests run, and every one that they do not'
	@echo 'make deps      install what all of these need'
	@echo 'make clean     remove build/'

build:
	@tools/install-dependencies build
	@cmake --preset release $(STRICT) >/dev/null
	@cmake --build --preset release -j $(JOBS) -- --no-print-directory

demo:
	@tools/install-dependencies build
	@tools/progress configuring cmake --preset release $(STRICT)
	@tools/progress building cmake --build --preset release --target rushhour -j $(JOBS) -- --no-print-directory
	@# 3: so short a run cannot tell; 4: this machine was too busy to be believed. The report says which, and the demo
	@# was shown all the same.
	@echo '$(BUILD)/rushhour run profiles/demo.json --simulate'
	@$(BUILD)/rushhour run profiles/demo.json --simulate || case $$? in 3|4) ;; *) exit 1 ;; esac

test: build
	ctest --test-dir $(BUILD) --output-on-failure -j 3

install: build
	cmake --install $(BUILD) --prefix $(PREFIX) >/dev/null

package: build
	@tools/install-dependencies package
	SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct)} cpack --config $(BUILD)/packaging.cmake

interop: build
	@tools/install-dependencies interop
	tests/interop/run.sh $(BUILD)

check:
	@tools/install-dependencies build check
	tools/sanitized-tests asan
	tools/sanitized-tests tsan
	tools/valgrind-run
	tools/fuzz

lint:
	@tools/install-dependencies build lint
	@cmake --preset release >/dev/null
	@cmake --build --preset release --target rushhour -j $(JOBS) -- --no-print-directory
	tools/lint $(BUILD)

bench: build
	@cmake --build --preset release --target benches -j $(JOBS) -- --no-print-directory
	tools/bench $(BUILD)

bench-peers: build
	@tools/install-dependencies peers
	@cmake --build --preset release --target peers -j $(JOBS) -- --no-print-directory
	@cd bench/peers && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	python3 -B bench/peers/compare.py $(BUILD) $(ARGUMENTS)
	python3 -B bench/peers/validity.py $(BUILD)

coverage:
	@tools/install-dependencies build
	tools/coverage

deps:
	tools/install-dependencies build lint check interop

clean:
	rm -rf build
