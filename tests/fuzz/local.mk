# Fuzz targets: every parser that reads what comes from outside, and stories of what is done with it.
# "make check" replays their corpora, in any build; "make fuzz FUZZ_SECONDS=60" searches for more. A
# new target is fuzz_NAME.c, a line here, and seeds in corpus/NAME (and words in NAME.dict, where
# they help).
FUZZ_TARGETS = \
	tests/fuzz/fuzz_admin \
	tests/fuzz/fuzz_answer \
	tests/fuzz/fuzz_config \
	tests/fuzz/fuzz_control \
	tests/fuzz/fuzz_environment \
	tests/fuzz/fuzz_hosts \
	tests/fuzz/fuzz_ini \
	tests/fuzz/fuzz_log \
	tests/fuzz/fuzz_membership \
	tests/fuzz/fuzz_resolv_conf \
	tests/fuzz/fuzz_value
check_PROGRAMS += $(FUZZ_TARGETS)
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/admin.dict tests/fuzz/answer.dict tests/fuzz/config.dict \
	tests/fuzz/environment.dict tests/fuzz/run tests/fuzz/selftest.sh

# What programs without an LDADD of their own link, and those are the targets alone.
LDADD = libfuzz.a $(FUZZ_ENGINE) $(LIBS_DISCOVERY)
tests_fuzz_fuzz_admin_LDADD = libfuzz.a $(FUZZ_ENGINE) $(LIBS_ADMIN)

tests_fuzz_fuzz_environment_SOURCES = \
	tests/fuzz/fuzz_environment.c \
	tests/fuzz/environment/hearer.c tests/fuzz/environment/hearer.h \
	tests/fuzz/environment/stock.c tests/fuzz/environment/stock.h
tests_fuzz_fuzz_environment_LDADD = libfuzz.a $(FUZZ_ENGINE) $(LIBS_DAEMON)

# Its library stands before the others, and so takes the place of what these have: of libevent, the
# resolver, the workers' loop and all that opens a socket.
tests_fuzz_fuzz_control_LDADD = libfuzz_control.a libfuzz.a $(FUZZ_ENGINE) $(LIBS_DAEMON)

check_LIBRARIES += libfuzz_control.a
libfuzz_control_a_SOURCES = \
	tests/fuzz/control/check.c tests/fuzz/control/check.h \
	tests/fuzz/control/clients.c tests/fuzz/control/clients.h \
	tests/fuzz/control/model.c tests/fuzz/control/model.h \
	tests/fuzz/control/picks.c tests/fuzz/control/picks.h \
	tests/fuzz/control/probes.c tests/fuzz/control/probes.h \
	tests/fuzz/control/questions.c tests/fuzz/control/questions.h \
	tests/fuzz/control/records.c tests/fuzz/control/records.h \
	tests/fuzz/control/rig.c tests/fuzz/control/rig.h \
	tests/fuzz/control/settings.c tests/fuzz/control/settings.h \
	tests/fuzz/control/virtual_time.c tests/fuzz/control/virtual_time.h \
	tests/fuzz/control/workers.c tests/fuzz/control/workers.h
# What the model and the checks do leads to no further inputs.
libfuzz_control_a_CFLAGS = $(AM_CFLAGS) $(FUZZ_UNSEEN)

check_LIBRARIES += libfuzz.a
libfuzz_a_SOURCES = \
	tests/fuzz/answer_check.c tests/fuzz/answer_check.h \
	tests/fuzz/config_folders.c tests/fuzz/config_folders.h \
	tests/fuzz/errors_check.c tests/fuzz/errors_check.h \
	tests/fuzz/input.c tests/fuzz/input.h \
	tests/fuzz/memory_file.c tests/fuzz/memory_file.h \
	tests/fuzz/option_check.c tests/fuzz/option_check.h \
	tests/fuzz/set_check.c tests/fuzz/set_check.h \
	tests/fuzz/target.h \
	tests/unit/dns_message.c tests/unit/dns_message.h

FUZZ_CC = clang
FUZZ_SECONDS = 60
FUZZ_UNSEEN =
if FUZZERS
FUZZ_UNSEEN += -fno-sanitize=fuzzer-no-link
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
