# The demo that "bootstrap demo" shows; it fails when the story does not hold, so it is a test too.
check_PROGRAMS += redial-demo
TESTS += redial-demo
redial_demo_SOURCES = tests/demo/main.c \
    tests/demo/play.c tests/demo/play.h \
    tests/demo/screen.c tests/demo/screen.h \
    tests/demo/stage.c tests/demo/stage.h \
    tests/demo/story.c tests/demo/story.h \
    tests/demo/traffic.c tests/demo/traffic.h
redial_demo_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
redial_demo_LDADD = $(LIBS_TESTLIB)
