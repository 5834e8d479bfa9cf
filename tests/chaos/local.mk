# make chaos CHAOS_SECONDS=300 CHAOS_SEED=7: storms of faults, reloads and upgrades, drawn by chance,
# and a model that knows what must hold. "make check" runs a short one, and shows that the model
# finds what a mutant does.
check_PROGRAMS += tests/chaos/chaos tests/chaos/test_model
TESTS += tests/chaos/chaos.sh tests/chaos/test_model
EXTRA_DIST += tests/chaos/chaos.sh

tests_chaos_chaos_SOURCES = \
	tests/chaos/backend.c tests/chaos/backend.h \
	tests/chaos/caller.c tests/chaos/caller.h \
	tests/chaos/chaos.c \
	tests/chaos/flat.c tests/chaos/flat.h \
	tests/chaos/fleet.c tests/chaos/fleet.h \
	tests/chaos/judge.c tests/chaos/judge.h \
	tests/chaos/ledger.c tests/chaos/ledger.h \
	tests/chaos/liar.c tests/chaos/liar.h \
	tests/chaos/members.c tests/chaos/members.h \
	tests/chaos/mutant.c tests/chaos/mutant.h \
	tests/chaos/plan.c tests/chaos/plan.h \
	tests/chaos/rest.c tests/chaos/rest.h \
	tests/chaos/stage.c tests/chaos/stage.h \
	tests/chaos/status.c tests/chaos/status.h \
	tests/chaos/storm.c tests/chaos/storm.h \
	tests/chaos/subject.c tests/chaos/subject.h \
	tests/chaos/wait.c tests/chaos/wait.h \
	tests/unit/dns_message.c tests/unit/dns_message.h
tests_chaos_chaos_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/lib -I$(top_srcdir)/tests/unit
tests_chaos_chaos_LDADD = $(LIBS_TESTLIB) $(JANSSON_LIBS)

tests_chaos_test_model_SOURCES = tests/chaos/test_model.c \
	tests/chaos/flat.c tests/chaos/flat.h \
	tests/chaos/judge.c tests/chaos/judge.h \
	tests/chaos/ledger.c tests/chaos/ledger.h
tests_chaos_test_model_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/lib
tests_chaos_test_model_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_chaos_test_model_LDADD = $(LIBS_TESTLIB) $(CHECK_LIBS)

CHAOS_SECONDS = 60
CHAOS_SEED =
chaos: redial$(EXEEXT) tests/chaos/chaos$(EXEEXT)
	REDIAL=./redial$(EXEEXT) tests/chaos/chaos --seconds $(CHAOS_SECONDS) \
	    --seed "$(if $(CHAOS_SEED),$(CHAOS_SEED),$$(date +%s))"
