# rlsproof: `make audit` and `make test` are the two commands; the rest is PGXS.
#
# make                  builds the server module and the install script
# make install          installs the extension (DESTDIR is honoured)
# make installcheck     pg_regress and isolation tests against the running server
# make audit            everything from packages to the report, over demo/ or MIGRATIONS=dir
# make test             everything .ci/run runs; PG=15 for one major, SKIP_PG="17 18" to leave some out by name
# make meta             writes the version of rlsproof.control into META.json, which PGXN reads
# make dist             the archive for PGXN, of what is committed

EXTENSION = rlsproof
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" rlsproof.control)

# These two work on a machine that has no PostgreSQL yet, so they must not need pg_config.
ifneq ($(filter audit test,$(MAKECMDGOALS)),)

.PHONY: audit test
audit:
	@ci/audit $(if $(MIGRATIONS),"$(MIGRATIONS)")
test:
	@PG="$(PG)" SKIP_PG="$(SKIP_PG)" ci/test

else

PG_CONFIG ?= pg_config
PG_MAJOR := $(shell $(PG_CONFIG) --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')

# The rooms of the module, taken whole: a new file needs no line here.
ROOMS = base expr model sqltext prove lint report server server/guard
SOURCES = $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.cpp))
BUILD = build/module-$(PG_MAJOR)
MODULE_big = rlsproof
OBJS = $(SOURCES:src/%.cpp=$(BUILD)/%.o) $(BUILD)/libpg_query.o
DATA_built = rlsproof--$(EXTVERSION).sql
DATA = $(wildcard src/sql/updates/*.sql)

# Defined only where there are tests. boundary needs the module of the tests, which is never installed: ci/suite runs it.
REGRESS := $(filter-out boundary,$(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql))))
REGRESS_OPTS = --load-extension=rlsproof
ISOLATION := $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation --load-extension=rlsproof

# The server's headers are not held to our warnings. Compiled once: PGXS's second pass, to bitcode, ignores CXXFLAGS.
override with_llvm := no
PG_CPPFLAGS = -Isrc -isystem $(shell $(PG_CONFIG) --includedir-server)
PG_CXXFLAGS = -std=gnu++20 -fno-semantic-interposition -Wall -Wextra -Werror -Wno-register -Wno-missing-field-initializers $(COMPILER_CXXFLAGS)
# The server's own flags are written for the compiler it was built with; and g++ 12's -Wrestrict sees overlaps in
# std::string that are not there (GCC bug 105651).
COMPILER_CXXFLAGS = $(if $(findstring clang,$(CXX)),-Wno-unknown-warning-option -Wno-ignored-optimization-argument, \
    -Wno-restrict)
# Visibility is the link's matter alone: 15's PGDLLEXPORT says nothing, so hidden would hide the entry points too.
SHLIB_LINK = -lfmt -lstdc++ -Wl,--version-script=src/server/exports.map
EXTRA_CLEAN = $(BUILD) rlsproof--$(EXTVERSION).sql

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Every statement passes the hooks, which ask the server many small things: each is called where it is, not through a stub.
$(BUILD)/server/guard/%.o: HOT_CXXFLAGS = -fno-plt

# PGXS tracks no headers.
$(BUILD)/%.o: src/%.cpp Makefile
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) $(HOT_CXXFLAGS) $(EXTRA_CXXFLAGS) $(CPPFLAGS) -MMD -MP -fPIC -c -o $@ $<
-include $(SOURCES:src/%.cpp=$(BUILD)/%.d)

# libpg_query carries its own palloc, errstart and 200 more of the server's names: its archive becomes one object in which
# only its own entry points stay global. Linked any other way it crashes the server.
LIBPG_QUERY_A ?= $(firstword $(wildcard $(foreach dir,/usr/lib/$(shell uname -m)-linux-gnu /usr/lib64 /usr/lib \
    /usr/local/lib,$(dir)/libpg_query.a)))
$(BUILD)/libpg_query.o: $(LIBPG_QUERY_A)
	@mkdir -p $(@D)
	ld -r -o $@.joined --whole-archive $< --no-whole-archive
	objcopy --wildcard --keep-global-symbol='pg_query_*' $@.joined $@
	@rm -f $@.joined

# The module has one name whatever server it is for, so changing the server must link it again.
$(shell mkdir -p build; echo '$(PG_CONFIG) $(PG_MAJOR)' | cmp -s - build/linked-for || \
    echo '$(PG_CONFIG) $(PG_MAJOR)' >build/linked-for)
rlsproof.so: build/linked-for

# What the second compiler is asked about the files that CMake never sees (CXX=clang++): its warnings, not its code.
.PHONY: syntax meta dist
SYNTAX = $(addprefix syntax/,$(filter src/server/%,$(SOURCES)) $(wildcard test/module/*.cpp))
syntax: $(SYNTAX)
$(SYNTAX): syntax/%: %
	$(CXX) $(CXXFLAGS) $(CPPFLAGS) -fsyntax-only $<

# Functions and hooks that only the tests of the boundary call, in a module of their own. No install target touches it;
# ci/stage copies it into its server tree.
.PHONY: testmodule
TESTMODULE = $(BUILD)/rlsproof_test.so
TESTMODULE_OBJS = $(patsubst test/module/%.cpp,$(BUILD)/test/%.o,$(wildcard test/module/*.cpp)) \
    $(filter-out $(BUILD)/server/module.o,$(OBJS))
testmodule: $(TESTMODULE)
$(TESTMODULE): $(TESTMODULE_OBJS) test/module/exports.map
	$(CXX) $(CXXFLAGS) -shared -o $@ $(TESTMODULE_OBJS) $(LDFLAGS) -lfmt -lstdc++ -Wl,--version-script=test/module/exports.map
$(BUILD)/test/%.o: test/module/%.cpp Makefile
	@mkdir -p $(@D)
	$(CXX) $(CXXFLAGS) $(EXTRA_CXXFLAGS) $(CPPFLAGS) -MMD -MP -fPIC -c -o $@ $<
-include $(TESTMODULE_OBJS:.o=.d)

rlsproof--$(EXTVERSION).sql: src/sql/parts $(wildcard src/sql/*.sql) rlsproof.control
	cat $(foreach part,$(shell cat src/sql/parts),src/sql/$(part).sql) >$@

# META.json has to lie in the repository as PGXN wants it; its two version lines are written by this rule alone.
meta:
	sed -i 's/"version": "[^"]*"/"version": "$(EXTVERSION)"/' META.json

dist:
	ci/check_version
	@mkdir -p build
	git archive --format=zip --prefix=rlsproof-$(EXTVERSION)/ --output=build/rlsproof-$(EXTVERSION).zip HEAD
	@echo build/rlsproof-$(EXTVERSION).zip

endif
