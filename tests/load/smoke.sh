#!/bin/sh
# make load, with small numbers: it works. Other tests run beside this one, so its limits are those of a
# slow build.
LOAD_QUICK=yes REDIAL_TEST_SCALE=${REDIAL_TEST_SCALE:-4}
export LOAD_QUICK REDIAL_TEST_SCALE
exec "${srcdir:-.}/tests/load/load.sh"
