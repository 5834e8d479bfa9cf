# The manual and conf/ say what the program does, and what proves that these tests can fail. A new
# key is a paragraph in man/redial.conf.5 and a line in conf/redial.conf.
MAN_TESTS = tests/man/conf.sh tests/man/ctl.sh tests/man/dns.sh tests/man/examples.sh tests/man/form.sh \
	tests/man/keys.sh tests/man/options.sh tests/man/selftest.sh
TESTS += $(MAN_TESTS)
EXTRA_DIST += $(MAN_TESTS) tests/man/lib.sh tests/man/messages.awk
