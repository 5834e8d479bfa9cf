# What is installed beside the programs is sound, and so is the container image.
TESTS += tests/packaging/units.sh tests/packaging/image.sh
EXTRA_DIST += tests/packaging/units.sh tests/packaging/image.sh tests/packaging/image-run.sh
