# The manual says what the program does.
TESTS += tests/man/man.sh
EXTRA_DIST += tests/man/man.sh
