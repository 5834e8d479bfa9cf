# Fuzz targets: every parser that reads what comes from outside. "make check" replays their corpora,
# in any build; "make fuzz FUZZ_SECONDS=60" searches for more. A new target is fuzz_NAME.c, a line
# here, and seeds in corpus/NAME (and words in NAME.dict, where they help).
FUZZ_TARGETS = \
	tests/fuzz/fuzz_admin \
	tests/fuzz/fuzz_answer \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_hosts \
	tests/fuzz/fuzz_ini \
	tests/fuzz/fuzz_log \
	tests/fuzz/fuzz_membership \
	tests/fuzz/fuzz_resolv_conf \
	tests/fuzz/fuzz_value
check_PROGRAMS += $(FUZZ_TARGETS)
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/admin.dict tests/fuzz/answer.dict tests/fuzz/config.dict \
	tests/fuzz/run tests/fuzz/selftest.sh

# What programs without an LDADD of their own link, and those are the targets alone.
LDADD = libfuzz.a $(FUZZ_ENGINE) $(LIBS_DISCOVERY)
tests_fuzz_fuzz_admin_LDADD = libfuzz.a $(FUZZ_ENGINE) $(LIBS_ADMIN)

check_LIBRARIES += libfuzz.a
libfuzz_a_SOURCES = \
	tests/fuzz/answer_check.c tests/fuzz/answer_check.h \
	tests/fuzz/errors_check.c tests/fuzz/errors_check.h \
	tests/fuzz/input.c tests/fuzz/input.h \
	tests/fuzz/memory_file.c tests/fuzz/memory_file.h \
	tests/fuzz/option_check.c tests/fuzz/option_check.h \
	tests/fuzz/set_check.c tests/fuzz/set_check.h \
	tests/fuzz/target.h \
	tests/unit/dns_message.c tests/unit/dns_message.h

FUZZ_CC = clang
FUZZ_SECONDS = 60
if FUZZERS
# main() is libFuzzer's.
fuzz: $(FUZZ_TARGETS)
	@$(top_srcdir)/tests/fuzz/run search $(top_srcdir)/tests/fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)
fuzz-merge: $(FUZZ_TARGETS)
	@$(top_srcdir)/tests/fuzz/run merge $(top_srcdir)/tests/fuzz $(FUZZ_TARGETS)
else
libfuzz_a_SOURCES += tests/fuzz/replay.c
TESTS += $(FUZZ_TARGETS) tests/fuzz/selftest.sh
fuzz fuzz-merge:
	@CC=$(FUZZ_CC) $(top_srcdir)/tests/fuzz/run build $(abs_top_srcdir)
	@$(MAKE) --no-print-directory -C build-fuzz $@
endif

distclean-local:
	-rm -rf build-fuzz fuzz-work
