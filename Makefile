# Builds weir. GNU make, no generated source, all that is made under $(BUILD).
#
#   make                                    bootstrap, weir and the schema beside them, manual pages and completion
#   make install PREFIX=/usr/local          the command, its manual pages and completion, the bootstrap (DESTDIR=: below it)
#   make uninstall PREFIX=/usr/local        these files again
#   make SANITIZE=address,undefined         the same under build-asan (thread: build-tsan)
#   make check-unit UNIT="csv_split"        build and run one unit test
#   make coverage                           which lines and branches the tests walk (build-cov)
#   make mutate                             faults put in one by one, each of which a test must see (build/mutate)
#   make MODULES="core stream csv" check-unit    a partial tree: only these of lib/, no handlers, bootstrap, cli
#   make V=1                                show the commands

MAKEFLAGS += --no-builtin-rules # `make build` made a copy of build.sh in the folder's place

MODULES_ALL := core stream codec csv json schema net aws relay event
MODULES ?= $(MODULES_ALL)
SANITIZE ?=
COVERAGE ?=
CFLAGS ?=
LDFLAGS ?=
FUZZ_SECONDS ?= 60
WRAP ?=

ifneq ($(COVERAGE),)
BUILD ?= build-cov
else ifeq ($(SANITIZE),)
BUILD ?= build
else ifeq ($(SANITIZE),thread)
BUILD ?= build-tsan
else
BUILD ?= build-asan
endif

# In a partial tree only lib/ and the tests are compiled, unless PARTS asks for more.
ifeq ($(strip $(MODULES)),$(strip $(MODULES_ALL)))
PARTS ?= handlers bootstrap cli
else
PARTS ?=
endif

ifeq ($(V),1)
Q :=
else
Q := @
endif

# ---- flags ----

PKGS_BOOTSTRAP := libcurl libuv libcjson libpcre2-8 libisal openssl zlib
PKGS_WEIR := $(PKGS_BOOTSTRAP) libmicrohttpd
PKGS_TEST := $(PKGS_WEIR) cmocka
PKG_CONFIG ?= pkg-config

# Expanded once, when first used: `make clean` needs no libraries.
once = $(eval $(1) := $(2))$($(1))
PKG_CFLAGS = $(call once,PKG_CFLAGS,$(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --silence-errors --cflags $(PKGS_WEIR))))
LIBS_BOOTSTRAP = $(call once,LIBS_BOOTSTRAP,$(shell $(PKG_CONFIG) --libs $(PKGS_BOOTSTRAP)) -lcsv -lm)
LIBS_WEIR = $(call once,LIBS_WEIR,$(shell $(PKG_CONFIG) --libs $(PKGS_WEIR)) -lcsv -lm)
LIBS_TEST = $(call once,LIBS_TEST,$(shell $(PKG_CONFIG) --libs $(PKGS_TEST)) -lcsv -lm)

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wvla -Wformat=2 -Wstrict-prototypes -Wundef -Werror
HARDEN := -fstack-protector-strong -fno-common -fPIE
MACHINE := $(shell $(CC) -dumpmachine)
# Only flags that this compiler has for this target.
knows = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))
HARDEN += $(call knows,-fstack-clash-protection) $(call knows,-fcf-protection)
HARDEN_LD := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
# STATIC=1 is what packaging/package.sh asks for: one file that needs a kernel only, the same bytes wherever it is built. It has a
# fixed address: the 20,000 relocations of OpenSSL's tables cost a third of the time from exec to the first request.
# ISA-L's assembler leaves the mark out that says that no stack need be executable.
ifeq ($(STATIC),1)
HARDEN += -fno-pie -ffunction-sections -fdata-sections -ffile-prefix-map=$(CURDIR)=.
HARDEN_LD := -static -no-pie -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections,--build-id=none
endif

ifneq ($(COVERAGE),)
# As it is written, line by line; threads count, too.
HARDEN += -O0 -U_FORTIFY_SOURCE --coverage -fprofile-update=atomic
HARDEN_LD += --coverage
else ifeq ($(SANITIZE),)
HARDEN += -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2
else
HARDEN += -U_FORTIFY_SOURCE -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDEN_LD += -fsanitize=$(SANITIZE)
endif
ifneq ($(FUZZER),)
HARDEN += -fsanitize=fuzzer-no-link
endif

BASE := -std=c17 -D_GNU_SOURCE -Ilib -I.
CC_FLAGS = $(BASE) -O2 -g -pthread $(WARN) $(HARDEN) $(PKG_CFLAGS) $(CFLAGS)
LD_FLAGS = -pthread $(HARDEN_LD) $(LDFLAGS)

# ---- sources ----

LIB_SRC := $(foreach m,$(MODULES),$(wildcard lib/$(m)/*.c))
HANDLERS_SRC := $(if $(filter handlers,$(PARTS)),$(wildcard handlers/*/*.c))
BOOTSTRAP_SRC := $(if $(filter bootstrap,$(PARTS)),$(wildcard bootstrap/*.c))
CLI_SRC := $(if $(filter cli,$(PARTS)),$(wildcard cli/*.c cli/*/*.c))
SUPPORT_SRC := $(wildcard tests/support/*.c)
# What looks at every byte, or at every value, of a table: 3 % less CPU for all of the work, and 15 KiB.
HOT := $(if $(SANITIZE)$(COVERAGE),,-O3)
HOT_SRC := $(filter lib/csv/% lib/json/tape.c lib/json/value.c lib/json/n% lib/schema/row.c lib/schema/check% lib/schema/format% lib/schema/chain.c lib/core/utf8.c,$(LIB_SRC))
UNIT ?= $(patsubst tests/unit/test_%.c,%,$(wildcard tests/unit/test_*.c))
FUZZ ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
# Everything but the two main.c goes into archives, so that a unit test can reach it.
LIB_A := $(BUILD)/libweir.a
HANDLERS_A := $(if $(HANDLERS_SRC),$(BUILD)/libhandlers.a)
BOOTSTRAP_A := $(if $(filter-out bootstrap/main.c,$(BOOTSTRAP_SRC)),$(BUILD)/libbootstrap.a)
CLI_A := $(if $(filter-out cli/main.c,$(CLI_SRC)),$(BUILD)/libcli.a)
SUPPORT_A := $(if $(SUPPORT_SRC),$(BUILD)/libsupport.a)
TEST_A := $(SUPPORT_A) $(CLI_A) $(BOOTSTRAP_A) $(HANDLERS_A) $(LIB_A)

UNIT_BIN := $(UNIT:%=$(BUILD)/tests/test_%)
FUZZ_BIN := $(FUZZ:%=$(BUILD)/fuzz/fuzz_%)
HEADERS := $(wildcard lib/*/*.h handlers/*/*.h bootstrap/*.h cli/*.h cli/*/*.h tests/support/*.h tests/fuzz/*.h)
C_FILES := $(wildcard lib/*/*.c handlers/*/*.c bootstrap/*.c cli/*.c cli/*/*.c tests/support/*.c tests/unit/*.c tests/tools/*.c tests/fuzz/*.c bench/*.c) $(HEADERS)

# ---- products ----

.PHONY: all lib man install uninstall unit check-unit check-headers check-deps check-style check-format coverage mutate fuzz fuzz-build clean FORCE
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/bootstrap $(BUILD)/weir $(BUILD)/events.schema.json man

lib: $(LIB_A)

$(BUILD)/bootstrap: $(call obj,bootstrap/main.c) $(BOOTSTRAP_A) $(HANDLERS_A) $(LIB_A)
	@echo "  LD   $@"
	$(Q)$(CC) $(LD_FLAGS) -o $@ $^ $(LIBS_BOOTSTRAP)

$(BUILD)/weir: $(call obj,cli/main.c) $(CLI_A) $(HANDLERS_A) $(LIB_A)
	@echo "  LD   $@"
	$(Q)$(CC) $(LD_FLAGS) -o $@ $^ $(LIBS_WEIR)

$(BUILD)/events.schema.json: handlers/validate/events.schema.json
	@mkdir -p $(@D)
	$(Q)cp $< $@

# What the objects were made with; a change of flags remakes them, a change of the member lists the archives.
$(BUILD)/flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(CC_FLAGS) $(LD_FLAGS) $(LIBS_WEIR) $(HOT) $(HOT_SRC)' | cmp -s - $@ || \
		printf '%s\n' '$(CC) $(CC_FLAGS) $(LD_FLAGS) $(LIBS_WEIR) $(HOT) $(HOT_SRC)' > $@
$(BUILD)/members: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' $(LIB_SRC) $(HANDLERS_SRC) $(BOOTSTRAP_SRC) $(CLI_SRC) $(SUPPORT_SRC) | cmp -s - $@ || \
		printf '%s\n' $(LIB_SRC) $(HANDLERS_SRC) $(BOOTSTRAP_SRC) $(CLI_SRC) $(SUPPORT_SRC) > $@

$(BUILD)/obj/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  CC   $<"
	$(Q)$(CC) $(CC_FLAGS) -MMD -MP -c -o $@ $<

$(call obj,$(HOT_SRC)): HARDEN += $(HOT)

# Compiled in by the assembler, which the compiler's dependencies do not see.
$(call obj,cli/verbs.c): $(wildcard cli/help/*.txt)
$(call obj,cli/local/page.c): cli/local/page.html
$(call obj,lib/relay/page.c): lib/relay/page.html

$(LIB_A): $(call obj,$(LIB_SRC))
$(BUILD)/libhandlers.a: $(call obj,$(HANDLERS_SRC))
$(BUILD)/libbootstrap.a: $(call obj,$(filter-out bootstrap/main.c,$(BOOTSTRAP_SRC)))
$(BUILD)/libcli.a: $(call obj,$(filter-out cli/main.c,$(CLI_SRC)))
$(BUILD)/libsupport.a: $(call obj,$(SUPPORT_SRC))

$(BUILD)/lib%.a: $(BUILD)/members
	@echo "  AR   $@"
	@rm -f $@
	$(Q)$(AR) rcs $@ $(filter %.o,$^)

# What the benchmarks measure with: as little of it as can be in what is measured.
$(BUILD)/bench/measure: bench/measure.c $(BUILD)/flags
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(CC_FLAGS) $(LD_FLAGS) -o $@ $<

# ---- manual pages, completion, installation ----

VERSION = $(shell sed -n 's/^\#define WEIR_VERSION "\(.*\)"/\1/p' cli/main.c)
VERBS := $(filter-out weir,$(patsubst cli/help/%.txt,%,$(wildcard cli/help/*.txt)))
MAN := $(BUILD)/man/weir.1 $(VERBS:%=$(BUILD)/man/weir-%.1)

man: $(MAN) $(BUILD)/completion/weir

$(BUILD)/man/weir.1: VERB :=
$(BUILD)/man/weir-%.1: VERB = $*
$(BUILD)/man/weir.1: cli/help/weir.txt packaging/man.awk cli/main.c
$(VERBS:%=$(BUILD)/man/weir-%.1): $(BUILD)/man/weir-%.1: cli/help/%.txt cli/help/weir.txt packaging/man.awk cli/main.c
$(MAN):
	@mkdir -p $(@D)
	$(Q)awk -v verb=$(VERB) -v version=$(VERSION) -f packaging/man.awk cli/help/weir.txt $< >$@

$(BUILD)/completion/weir: packaging/completion.awk packaging/completion.sh $(wildcard cli/help/*.txt)
	@mkdir -p $(@D)
	$(Q){ awk -f packaging/completion.awk $(filter %.txt,$^) && cat packaging/completion.sh; } >$@

# The bootstrap is no command: weir looks for it beside itself, then in ../libexec/weir, where the example's schema is beside it.
PREFIX ?= /usr/local
INSTALL ?= install
bindir = $(DESTDIR)$(PREFIX)/bin
libexecdir = $(DESTDIR)$(PREFIX)/libexec/weir
mandir = $(DESTDIR)$(PREFIX)/share/man/man1
completiondir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions

# It makes nothing: after `make`, `sudo make install` leaves no file of root's in the tree. A path may have a space.
install: all
	$(INSTALL) -d "$(bindir)" "$(libexecdir)" "$(mandir)" "$(completiondir)"
	$(INSTALL) -m 755 $(BUILD)/weir "$(bindir)/weir"
	$(INSTALL) -m 755 $(BUILD)/bootstrap "$(libexecdir)/bootstrap"
	$(INSTALL) -m 644 $(BUILD)/events.schema.json "$(libexecdir)/events.schema.json"
	$(INSTALL) -m 644 $(MAN) "$(mandir)"
	$(INSTALL) -m 644 $(BUILD)/completion/weir "$(completiondir)/weir"

# Folders that others use as well stay.
uninstall:
	rm -f "$(bindir)/weir" "$(libexecdir)/bootstrap" "$(libexecdir)/events.schema.json" "$(completiondir)/weir"
	for page in $(notdir $(MAN)); do rm -f "$(mandir)/$$page"; done
	[ ! -d "$(libexecdir)" ] || rmdir --ignore-fail-on-non-empty "$(libexecdir)"

# ---- functions, for `sam build` ----

ARCH ?= x86_64
-include packaging/sam/functions.mk

# ---- tests ----

DRIVER_BIN := $(patsubst tests/tools/%.c,$(BUILD)/tests/%,$(wildcard tests/tools/*_driver.c))

unit: $(UNIT_BIN) $(DRIVER_BIN)

$(BUILD)/tests/test_%: $(BUILD)/obj/tests/unit/test_%.o $(TEST_A)
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(LD_FLAGS) $(WRAPPED) -o $@ $^ $(LIBS_TEST)

# It looks at the tables that the verbs give the parser.
$(BUILD)/tests/test_cli_help: WRAPPED := -Wl,--wrap=weir_cli_parse

# Programs that tests talk to, with the library in them.
$(BUILD)/tests/%_driver: $(BUILD)/obj/tests/tools/%_driver.o $(SUPPORT_A) $(LIB_A)
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(LD_FLAGS) -o $@ $^ $(LIBS_BOOTSTRAP)

# WRAP="valgrind ..." runs each under a tool.
check-unit: unit
	$(Q)WEIR_BUILD=$(BUILD) WRAP="$(WRAP)" tests/run-unit.sh $(UNIT_BIN)

check-headers:
	$(Q)CC_FLAGS="$(BASE) $(WARN) $(PKG_CFLAGS)" tests/check-headers.sh $(HEADERS)

check-deps:
	$(Q)tests/check-deps.sh

check-style:
	$(Q)tests/check-style.sh

check-format:
	$(Q)if command -v clang-format >/dev/null; then clang-format --dry-run -Werror $(C_FILES) && echo "check-format: $(words $(C_FILES)) files ok"; \
		else echo "check-format: skipped: no clang-format"; fi

# COVERAGE_INTEG="10 20" runs these integration scripts, too, instead of the quick ones.
coverage:
	$(Q)tests/coverage.sh $(COVERAGE_INTEG)

# MUTATE="12 13" puts in these faults only.
mutate:
	$(Q)python3 tests/mutate/run.py $(MUTATE)

# libFuzzer comes with clang; its objects live in a folder of their own.
fuzz:
	$(Q)if command -v clang >/dev/null; then \
		$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)-fuzz SANITIZE=address,undefined FUZZER=1 fuzz-build && \
		tests/run-fuzz.sh $(BUILD)-fuzz/fuzz $(FUZZ_SECONDS) $(FUZZ); \
		else echo "fuzz: skipped: no clang"; fi

fuzz-build: $(FUZZ_BIN)

$(BUILD)/fuzz/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(SUPPORT_A) $(CLI_A) $(BOOTSTRAP_A) $(HANDLERS_A) $(LIB_A)
	@mkdir -p $(@D)
	@echo "  LD   $@"
	$(Q)$(CC) $(LD_FLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_WEIR)

clean:
	rm -rf $(BUILD) $(BUILD)-fuzz $(BUILD)-cov

-include $(patsubst %.o,%.d,$(call obj,$(LIB_SRC) $(HANDLERS_SRC) $(BOOTSTRAP_SRC) $(CLI_SRC) $(SUPPORT_SRC) \
	$(UNIT:%=tests/unit/test_%.c) $(wildcard tests/tools/*.c) $(FUZZ:%=tests/fuzz/fuzz_%.c)))
