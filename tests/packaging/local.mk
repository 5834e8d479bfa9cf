# What is installed beside the programs is sound.
TESTS += tests/packaging/units.sh
EXTRA_DIST += tests/packaging/units.sh
