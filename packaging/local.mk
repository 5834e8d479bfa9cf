# The units of systemd, and the user of the service, which names the programs where they are installed.
if SYSTEMD_UNITS
nodist_systemdsystemunit_DATA = packaging/systemd/redial.service
dist_systemdsystemunit_DATA = packaging/systemd/redial.socket
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = packaging/sysusers.d/redial.conf
else
noinst_DATA = packaging/systemd/redial.service
EXTRA_DIST += packaging/systemd/redial.socket packaging/sysusers.d/redial.conf
endif
EXTRA_DIST += packaging/systemd/redial.service.in
CLEANFILES += packaging/systemd/redial.service

packaging/systemd/redial.service: packaging/systemd/redial.service.in Makefile
	$(AM_V_GEN)$(MKDIR_P) packaging/systemd && \
	sed -e 's|@sbindir[@]|$(sbindir)|' -e 's|@bindir[@]|$(bindir)|' \
	    $(top_srcdir)/packaging/systemd/redial.service.in >$@.new && mv $@.new $@

AM_DISTCHECK_CONFIGURE_FLAGS = --with-systemdsystemunitdir='$$dc_install_base/lib/systemd/system'
