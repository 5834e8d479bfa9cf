# Each call of redial that can fail is made to. "make check" tries some places of each, "make
# check-faults" all of them.
check_PROGRAMS += tests/fault/faults
tests_fault_faults_SOURCES = tests/fault/faults.c tests/fault/scenario.c tests/fault/scenario.h
tests_fault_faults_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/lib
tests_fault_faults_LDADD = $(LIBS_TESTLIB)

# No program, and libtool for this alone would be much.
check_DATA = tests/fault/faulty.so
tests/fault/faulty.so: $(top_srcdir)/tests/fault/faulty.c
	@$(MKDIR_P) tests/fault
	$(AM_V_CC)$(CC) $(CFLAGS) -std=gnu11 -fPIC -shared -o $@ $(top_srcdir)/tests/fault/faulty.c -ldl
CLEANFILES += tests/fault/faulty.so

TESTS += tests/fault/faults.sh
EXTRA_DIST += tests/fault/faulty.c tests/fault/faults.sh

check-faults: redial tests/fault/faults tests/fault/faulty.so
	tests/fault/faults --faulty "$$PWD/tests/fault/faulty.so" --each $${FAULTS_EACH-0} --jobs 2
# Not in .PHONY: automake warns of that target within a condition, as this file is.
