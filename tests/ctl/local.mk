# The control client against a server that says what the test wrote.
CTL_TESTS = \
    tests/ctl/test_completion \
    tests/ctl/test_requests \
    tests/ctl/test_tables \
    tests/ctl/test_trouble \
    tests/ctl/test_watch
check_PROGRAMS += $(CTL_TESTS)
TESTS += $(CTL_TESTS)

check_LIBRARIES += librig.a
librig_a_SOURCES = tests/ctl/fixture.c tests/ctl/fixture.h tests/ctl/rig.c tests/ctl/rig.h \
    tests/ctl/terminal.c tests/ctl/terminal.h
librig_a_CPPFLAGS = $(CTL_CPPFLAGS)
librig_a_CFLAGS = $(E2E_CFLAGS)

CTL_CPPFLAGS = $(E2E_CPPFLAGS) -I$(top_srcdir)/tests/e2e
CTL_LDADD = librig.a $(E2E_LDADD)

tests_ctl_test_tables_SOURCES = tests/ctl/test_tables.c
tests_ctl_test_tables_CPPFLAGS = $(CTL_CPPFLAGS)
tests_ctl_test_tables_CFLAGS = $(E2E_CFLAGS)
tests_ctl_test_tables_LDADD = $(CTL_LDADD)

tests_ctl_test_watch_SOURCES = tests/ctl/test_watch.c
tests_ctl_test_watch_CPPFLAGS = $(CTL_CPPFLAGS)
tests_ctl_test_watch_CFLAGS = $(E2E_CFLAGS)
tests_ctl_test_watch_LDADD = $(CTL_LDADD)

tests_ctl_test_requests_SOURCES = tests/ctl/test_requests.c
tests_ctl_test_requests_CPPFLAGS = $(CTL_CPPFLAGS)
tests_ctl_test_requests_CFLAGS = $(E2E_CFLAGS)
tests_ctl_test_requests_LDADD = $(CTL_LDADD)

tests_ctl_test_trouble_SOURCES = tests/ctl/test_trouble.c
tests_ctl_test_trouble_CPPFLAGS = $(CTL_CPPFLAGS)
tests_ctl_test_trouble_CFLAGS = $(E2E_CFLAGS) $(LIBEVENT_EXTRA_CFLAGS)
tests_ctl_test_trouble_LDADD = $(CTL_LDADD) $(LIBEVENT_EXTRA_LIBS) $(LIBEVENT_LIBS)

tests_ctl_test_completion_SOURCES = tests/ctl/test_completion.c
tests_ctl_test_completion_CPPFLAGS = $(CTL_CPPFLAGS)
tests_ctl_test_completion_CFLAGS = $(E2E_CFLAGS)
tests_ctl_test_completion_LDADD = $(CTL_LDADD)

# Folders, with all that is in them.
EXTRA_DIST += tests/ctl/fixtures tests/ctl/golden
