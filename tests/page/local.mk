# The status page in headless Chromium, driven by chromedriver; skips where these are not installed.
TESTS += tests/page/page.sh
EXTRA_DIST += tests/page/page.sh tests/page/browser.sh tests/page/status.json tests/page/many.jq

check_PROGRAMS += tests/page/server
tests_page_server_SOURCES = tests/page/server.c
tests_page_server_CFLAGS = $(AM_CFLAGS) $(LIBEVENT_EXTRA_CFLAGS)
tests_page_server_LDADD = libadmin.a $(LIBEVENT_EXTRA_LIBS) $(LIBS_BASE) -lm
