# The units of systemd, which name the programs where they are installed, the user of the service, and
# what a package runs at its upgrade.
if SYSTEMD_UNITS
nodist_systemdsystemunit_DATA = packaging/systemd/redial.service
nodist_pkglibexec_SCRIPTS = packaging/systemd/upgrade-service
dist_systemdsystemunit_DATA = packaging/systemd/redial.socket
sysusersdir = $(prefix)/lib/sysusers.d
dist_sysusers_DATA = packaging/sysusers.d/redial.conf
else
noinst_DATA = packaging/systemd/redial.service packaging/systemd/upgrade-service
EXTRA_DIST += packaging/systemd/redial.socket packaging/sysusers.d/redial.conf
endif
EXTRA_DIST += packaging/systemd/redial.service.in packaging/systemd/upgrade-service.in
CLEANFILES += packaging/systemd/redial.service packaging/systemd/upgrade-service

packaging/systemd/redial.service: packaging/systemd/redial.service.in Makefile
	$(AM_V_GEN)$(fill_in) $(top_srcdir)/packaging/systemd/redial.service.in >$@.new && mv $@.new $@
packaging/systemd/upgrade-service: packaging/systemd/upgrade-service.in Makefile
	$(AM_V_GEN)$(fill_in) $(top_srcdir)/packaging/systemd/upgrade-service.in >$@.new && chmod +x $@.new && mv $@.new $@
fill_in = $(MKDIR_P) packaging/systemd && sed -e 's|@sbindir[@]|$(sbindir)|' -e 's|@bindir[@]|$(bindir)|'

AM_DISTCHECK_CONFIGURE_FLAGS = --with-systemdsystemunitdir='$$dc_install_base/lib/systemd/system'

# Packages, out of the tree that "make dist" would pack: they are in ./packages then.
packages_dir = packages
.PHONY: deb rpm clean-packages
deb rpm:
	rm -rf $(packages_dir)/$@
	$(MKDIR_P) $(packages_dir)/$@
	$(MAKE) $(AM_MAKEFLAGS) distdir distdir=$(packages_dir)/$@/$(PACKAGE)-$(VERSION)
	env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL $(SHELL) $(srcdir)/packaging/package $@ $(packages_dir)/$@/$(PACKAGE)-$(VERSION)
CLEAN_HOOKS += clean-packages
clean-packages:
	rm -rf $(packages_dir)
EXTRA_DIST += packaging/package packaging/rpm/redial.spec packaging/rpm/redial.rpmlintrc \
	packaging/debian/changelog packaging/debian/control packaging/debian/copyright packaging/debian/redial.README.Debian \
	packaging/debian/redial.docs packaging/debian/redial.lintian-overrides packaging/debian/redial.postinst packaging/debian/redial.postrm packaging/debian/rules \
	packaging/debian/source/format packaging/debian/source/lintian-overrides
