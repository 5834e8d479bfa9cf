#!/bin/sh
# Some places of each call that can fail; "make check-faults" tries all of them.
. "${srcdir:-.}/tests/real/lib.sh"
[ -z "${REDIAL_WRAP-}" ] || skip "not applicable: the faults would be another program's"
! is_sanitized "$redial" || skip "not applicable: a sanitizer has its own malloc"
nm -D "$redial" 2>/dev/null | grep -q " malloc" || skip "not applicable: a static program, or no nm"
./tests/fault/faults --faulty "$PWD/tests/fault/faulty.so" --each "${FAULTS_EACH-6}" --jobs 2
