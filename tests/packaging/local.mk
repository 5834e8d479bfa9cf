# What is installed beside the programs is sound.
TESTS += tests/packaging/units.sh
EXTRA_DIST += tests/packaging/units.sh

# Both programs are hardened, unless they are built to be measured or debugged.
if HARDENED
TESTS += tests/packaging/hardening.sh
endif
EXTRA_DIST += tests/packaging/hardening.sh
