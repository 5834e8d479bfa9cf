# redial under a real systemd, in a container that is made for it (root, mmdebstrap, systemd-container).
systemd_stories = tests/systemd/puppet.sh tests/systemd/redial.sh
TESTS += tests/systemd/units.sh
EXTRA_DIST += tests/systemd/units.sh tests/systemd/lib.sh $(systemd_stories)

check_PROGRAMS += tests/systemd/puppet
tests_systemd_puppet_SOURCES = tests/systemd/puppet.c
tests_systemd_puppet_LDADD = $(LIBS_DAEMON)

# The unit's system call filter, without systemd: make check-seccomp runs all tests that start redial
# under it; make check-seccomp SECCOMP_TESTS="tests/e2e/test_relay tests/real/reload.sh".
check_PROGRAMS += tests/systemd/confine
tests_systemd_confine_SOURCES = tests/systemd/confine.c
tests_systemd_confine_LDADD =
TESTS += tests/systemd/seccomp.sh
EXTRA_DIST += tests/systemd/confined tests/systemd/rules tests/systemd/seccomp.sh

SECCOMP_TESTS = $(E2E_TESTS) $(real_tests)
check-seccomp: tests/systemd/confine$(EXEEXT) redial$(EXEEXT) redialctl$(EXEEXT) packaging/systemd/redial.service
	CC='$(CC)' $(top_srcdir)/tests/systemd/confined packaging/systemd/redial.service \
	    $(MAKE) $(AM_MAKEFLAGS) check TESTS='$(SECCOMP_TESTS)'
