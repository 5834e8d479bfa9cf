# make bench: what redial costs beside HAProxy and nginx, see README.md here.
# make bench BENCH_ARGS="--rounds 3 --only short,stream"
# What is checked of it: that it works, with redial alone, and what it makes of known results.
check_PROGRAMS += tests/bench/redial-load tests/bench/test_histogram
TESTS += tests/bench/smoke.sh tests/bench/selftest.sh tests/bench/test_histogram
EXTRA_DIST += tests/bench/run tests/bench/report.awk tests/bench/plot.awk tests/bench/README.md \
	tests/bench/figures.svg tests/bench/smoke.sh tests/bench/selftest.sh \
	tests/bench/connect-faults tests/bench/dns-faults tests/bench/balance.sh tests/bench/scale tests/bench/scale.sh \
	tests/bench/scale.awk tests/bench/scale.svg tests/bench/scale-check.sh

tests_bench_redial_load_SOURCES = \
	tests/bench/client.c tests/bench/client.h \
	tests/bench/exchange.h \
	tests/bench/histogram.c tests/bench/histogram.h \
	tests/bench/load.c \
	tests/bench/net.c tests/bench/net.h \
	tests/bench/origin.c tests/bench/origin.h \
	tests/bench/pace.c tests/bench/pace.h \
	tests/bench/usage.c tests/bench/usage.h
tests_bench_redial_load_LDADD =

tests_bench_test_histogram_SOURCES = tests/bench/test_histogram.c \
	tests/bench/histogram.c tests/bench/histogram.h tests/unit/suite.h
tests_bench_test_histogram_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
tests_bench_test_histogram_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_bench_test_histogram_LDADD = $(CHECK_LIBS)

# Not in .PHONY: automake warns of that target within a condition, as this file is.
BENCH_ARGS =
bench: redial$(EXEEXT) tests/bench/redial-load$(EXEEXT)
	$(top_srcdir)/tests/bench/run --redial ./redial$(EXEEXT) \
	    --load tests/bench/redial-load$(EXEEXT) $(BENCH_ARGS)

# make bench-faults: what clients pay for black holes; make bench-faults PEERS="redial haproxy"
PEERS =
bench-faults: redial$(EXEEXT) tests/real/steady$(EXEEXT)
	srcdir=$(top_srcdir) REDIAL=./redial$(EXEEXT) STEADY=tests/real/steady$(EXEEXT) \
	    $(top_srcdir)/tests/bench/connect-faults $(PEERS)

# make bench-dns: what clients notice when DNS lies; make bench-dns PEERS="--quick redial"
bench-dns: redial$(EXEEXT) tests/real/steady$(EXEEXT)
	srcdir=$(top_srcdir) REDIAL=./redial$(EXEEXT) STEADY=tests/real/steady$(EXEEXT) \
	    $(top_srcdir)/tests/bench/dns-faults $(PEERS)

# What a pick costs by the number of addresses: bounds as a test, figures by make bench-balance.
check_PROGRAMS += tests/bench/balance-bench
TESTS += tests/bench/balance.sh
tests_bench_balance_bench_SOURCES = tests/bench/balance.c
tests_bench_balance_bench_LDADD = $(LIBS_PROXY)
bench-balance: tests/bench/balance-bench$(EXEEXT)
	$(top_srcdir)/tests/bench/balance.sh --time

# What many upstreams, addresses and connections cost: bounds on the memory as a test, figures and a
# plot by make bench-scale; make bench-scale ROWS="upstreams connections"
TESTS += tests/bench/scale-check.sh
ROWS =
bench-scale: redial$(EXEEXT) tests/bench/redial-load$(EXEEXT)
	srcdir=$(top_srcdir) REDIAL=./redial$(EXEEXT) LOAD=tests/bench/redial-load$(EXEEXT) SVG=scale.svg \
	    $(top_srcdir)/tests/bench/scale $(ROWS)
