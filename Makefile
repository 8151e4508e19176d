# SPDX-License-Identifier: GPL-2.0-only
# SCST as an overlay of a kernel tree.  Everything generated goes to build/,
# or to BUILD=<directory>; build/logs has the full output of every step.

.PHONY: help demo check soak check-debug vm kernel kernel-debug kunit series lint docs bench bench-guard clean
.NOTPARALLEL:

export BUILD ?= $(CURDIR)/build
# A $$ in CMD is for the guest's shell, not for make
ifdef CMD
override CMD := $(value CMD)
export CMD
endif

help: ## this list
	@sed -n 's/^\([a-z-]*\): *## /  make \1	/p' Makefile | expand -t 22

demo: ## build, boot, export a file as a disk, use it, show the sysfs tree and the uevents
	@make.d/demo.sh

check: ## every test in its short form (TESTS='a_test.sh ...': only these kselftests; CPUS=N to run on)
	@make.d/check.sh short

soak: ## the long campaigns: fuzzers, many rounds, every-step builds of the series
	@make.d/check.sh soak

check-debug: ## the tests on the debug kernel; life-cycle tests with DEBUG_TEST_DRIVER_REMOVE too
	@make.d/check.sh debug

# The variables of vm.sh (DISKS, MEM, ...) given to make are in its environment
vm: ## boot and run CMD='...' as root; KERNEL= DISKS= MEM= SMP= ICOUNT=1 ...: see vm.sh
	@make.d/vm.sh

kernel: ## build the kernel and the modules
	@make.d/packages.sh kernel
	@make.d/kernel.sh normal

kernel-debug: ## build the kernels of check-debug
	@make.d/packages.sh kernel
	@make.d/kernel.sh debug

kunit: ## the KUnit tests
	@make.d/kunit.sh

series: ## the patch series, from series/
	@make.d/packages.sh kernel series
	@make.d/series.sh

lint: ## checkpatch, sparse, kernel-doc, shellcheck, documentation (CHECKS=: some of them)
	@make.d/lint.sh $(CHECKS)

docs: ## build Documentation/scst as HTML
	@make.d/docs.sh

bench: ## what an I/O costs, beside null_blk, scsi_debug, LIO and nvmet (PARTS=, STACKS=)
	@make.d/bench.sh

bench-guard: ## the same in short: fails when an I/O has become more expensive
	@make.d/bench.sh guard

clean: ## remove everything generated
	rm -rf "$(BUILD)"
