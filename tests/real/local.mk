# redial with real servers on loopback; each skips what is not installed.
TESTS += tests/real/dnsmasq-nginx.sh tests/real/redis.sh tests/real/valgrind.sh tests/real/powerdns.sh
EXTRA_DIST += tests/real/lib.sh tests/real/dnsmasq-nginx.sh tests/real/redis.sh tests/real/valgrind.sh tests/real/powerdns.sh
TESTS += tests/real/proxy-protocol.sh
EXTRA_DIST += tests/real/proxy-protocol.sh
TESTS += tests/real/vanished.sh
EXTRA_DIST += tests/real/vanished.sh
TESTS += tests/real/drain.sh
EXTRA_DIST += tests/real/drain.sh
