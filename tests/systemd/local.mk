# redial under a real systemd, in a container that is made for it (root, mmdebstrap, systemd-container).
systemd_stories = tests/systemd/puppet.sh tests/systemd/redial.sh
TESTS += tests/systemd/units.sh
EXTRA_DIST += tests/systemd/units.sh tests/systemd/lib.sh $(systemd_stories)

check_PROGRAMS += tests/systemd/puppet
tests_systemd_puppet_SOURCES = tests/systemd/puppet.c
tests_systemd_puppet_LDADD = $(LIBS_DAEMON)
