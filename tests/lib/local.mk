# The harness: scripted DNS server, scripted peers, the daemon as a child, clients. No Check in it,
# so that the demo and the bench can use it. Link $(LIBS_TESTLIB).
check_LIBRARIES += libtestlib.a
libtestlib_a_SOURCES = \
    tests/lib/client.c tests/lib/client.h \
    tests/lib/crowd.c tests/lib/crowd.h \
    tests/lib/daemon.c tests/lib/daemon.h \
    tests/lib/die.c tests/lib/die.h \
    tests/lib/dns_script.c tests/lib/dns_script.h \
    tests/lib/line_log.c tests/lib/line_log.h \
    tests/lib/moment.c tests/lib/moment.h \
    tests/lib/pattern.c tests/lib/pattern.h \
    tests/lib/peer.c tests/lib/peer.h \
    tests/lib/peer_conn.c tests/lib/peer_conn.h \
    tests/lib/port.c tests/lib/port.h \
    tests/lib/process.c tests/lib/process.h \
    tests/lib/tempdir.c tests/lib/tempdir.h
libtestlib_a_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_EXTRA_CFLAGS)
LIBS_TESTLIB = libtestlib.a $(LIBEVENT_EXTRA_LIBS) $(LIBEVENT_LIBS)

check_PROGRAMS += tests/lib/test_testlib
TESTS += tests/lib/test_testlib
tests_lib_test_testlib_SOURCES = tests/lib/test_testlib.c
tests_lib_test_testlib_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_lib_test_testlib_LDADD = $(LIBS_TESTLIB) $(CHECK_LIBS)
