# What is installed beside the programs is sound, and so are the packages that bring it, and the container image.
TESTS += tests/packaging/units.sh tests/packaging/image.sh tests/packaging/dependencies.sh
EXTRA_DIST += tests/packaging/units.sh tests/packaging/dependencies.sh tests/packaging/image.sh tests/packaging/image-run.sh tests/packaging/deb.sh tests/packaging/rpm.sh tests/packaging/lib.sh
if TESTS_ENABLED
TESTS += tests/packaging/deb.sh tests/packaging/rpm.sh
endif

# The Debian package, built and checked in a clean root of a release (root, mmdebstrap, piuparts).
PACKAGE_RELEASE = trixie
.PHONY: check-packages
check-packages: dist
	$(top_srcdir)/tests/packaging/release $(distdir).tar.xz $(PACKAGE_RELEASE)
EXTRA_DIST += tests/packaging/release tests/packaging/lint-deb

# Both programs are hardened, unless they are built to be measured or debugged.
if HARDENED
TESTS += tests/packaging/hardening.sh
endif
EXTRA_DIST += tests/packaging/hardening.sh
