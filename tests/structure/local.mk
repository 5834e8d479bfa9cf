# The shape of the source, and what proves that the check of it can fail.
TESTS += tests/structure/structure.sh tests/structure/selftest.sh
EXTRA_DIST += tests/structure/structure.sh tests/structure/selftest.sh \
	tests/structure/includes.awk tests/structure/shape.awk \
	tests/bare/run packaging/build-dependencies .ci/run

# A fresh clone in a bare Debian root runs "bootstrap demo" and "bootstrap check" (root, mmdebstrap).
BARE_RELEASE = bookworm
.PHONY: check-bare
check-bare:
	$(top_srcdir)/tests/bare/run $(BARE_RELEASE)
