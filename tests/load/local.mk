# make load: thousands of connections, floods, slow readers, log and metrics in a storm, with bounds;
# make load LOAD_PARTS="flood log". See README.md here. What is checked of it is that it works.
check_PROGRAMS += tests/load/rude
tests_load_rude_SOURCES = tests/load/rude.c \
	tests/bench/exchange.h \
	tests/bench/net.c tests/bench/net.h \
	tests/bench/pace.c tests/bench/pace.h
tests_load_rude_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/bench
tests_load_rude_LDADD =

TESTS += tests/load/smoke.sh
EXTRA_DIST += tests/load/load.sh tests/load/smoke.sh tests/load/proxies.sh tests/load/README.md

LOAD_PARTS =
load_programs = redial$(EXEEXT) redialctl$(EXEEXT) tests/bench/redial-load$(EXEEXT) tests/real/steady$(EXEEXT) tests/load/rude$(EXEEXT)
load: $(load_programs)
	srcdir=$(top_srcdir) $(top_srcdir)/tests/load/load.sh $(LOAD_PARTS)
