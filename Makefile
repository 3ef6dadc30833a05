# A front for Meson and tools/: two commands do everything, `make ship` and `make test`.
BUILD ?= build
SANITIZED ?= build-asan
MESON_FLAGS ?= --buildtype=debugoptimized

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/install-packages build
	meson setup $(BUILD) $(MESON_FLAGS)

ship: ; @tools/ship
test: ; @tools/install-packages build run test && SANITIZED=$(SANITIZED) tools/run-tests
# What would keep `make test` waiting: kills, hostile input and registries, git servers, mmdebstrap, keys and policies. .ci/run
# calls it, too.
test-slow: ; @tools/install-packages build run test && NODE_PATH=$${NODE_PATH:-$$(tools/install-npm)} SANITIZED=$(SANITIZED) tools/run-tests --slow
# More of the same, that CI's hour has no room for.
test-long: ; @tools/install-packages build run test && SANITIZED=$(SANITIZED) tools/run-tests --long
test-qemu: all ; @tools/install-packages run test qemu && BUILD=$(BUILD) tests/qemu/run
# The comparison with docker, which .ci/run calls, too; BUILDERS="buildkit classic" for both of its builders.
compare-docker: all ; @tools/install-packages run test && PLIMSOLL=$(CURDIR)/$(BUILD)/src/cli/plimsoll bats tests/compare
# Real Dockerfiles (examples/real): an hour, and a Debian mirror. REAL='^nginx' for some of them.
REAL ?= .
test-real: all ; @tools/install-packages run test && PLIMSOLL=$(CURDIR)/$(BUILD)/src/cli/plimsoll bats -f '$(REAL)' tests/real
check-format: ; @tools/check-format
bench: all ; @tools/install-packages run test bench && bench/run $(BUILD)/src/cli/plimsoll
# What 480 attack primitives reach inside plimsoll and other sandboxes; needs root.
bench-lockdown: all ; @tools/install-packages run test bench && bench/lockdown/run $(BUILD)/src/cli/plimsoll
install: all ; @meson install -C $(BUILD)
clean: ; rm -rf build build-*

.PHONY: all ship test test-slow test-long test-real compare-docker test-qemu check-format bench bench-lockdown install clean
