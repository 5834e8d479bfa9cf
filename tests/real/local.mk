# redial with real servers on loopback, and with real lost packets in network namespaces; each skips
# what is not installed or not allowed.
real_tests = tests/real/admin-http.sh tests/real/admin.sh tests/real/blackhole.sh tests/real/dns-faults.sh tests/real/dnsmasq-nginx.sh tests/real/drain.sh tests/real/knot.sh tests/real/pid1.sh \
	tests/real/ports.sh tests/real/powerdns.sh tests/real/proxy-protocol.sh tests/real/redis.sh tests/real/reload.sh tests/real/resolv-conf.sh tests/real/rolling.sh \
	tests/real/srv.sh tests/real/storm.sh tests/real/upgrade.sh tests/real/valgrind.sh tests/real/vanished.sh
TESTS += $(real_tests)
EXTRA_DIST += $(real_tests) tests/real/dns.sh tests/real/lib.sh tests/real/netns.sh tests/real/steady.sh tests/real/successors.sh

check_PROGRAMS += tests/real/steady
tests_real_steady_SOURCES = tests/real/steady.c
tests_real_steady_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/lib
tests_real_steady_LDADD = $(LIBS_TESTLIB)

check_PROGRAMS += tests/real/admin_serve
tests_real_admin_serve_SOURCES = tests/real/admin_serve.c
tests_real_admin_serve_LDADD = $(LIBS_ADMIN)
