# End-to-end tests: the built daemon between scripted DNS, peers and clients.
E2E_TESTS = \
    tests/e2e/test_admin \
    tests/e2e/test_balance \
    tests/e2e/test_command \
    tests/e2e/test_config \
    tests/e2e/test_dial \
    tests/e2e/test_discovery \
    tests/e2e/test_dns_faults \
    tests/e2e/test_eject \
    tests/e2e/test_membership \
    tests/e2e/test_limits \
    tests/e2e/test_log \
    tests/e2e/test_manager \
    tests/e2e/test_proxy_protocol \
    tests/e2e/test_relay \
    tests/e2e/test_reload \
    tests/e2e/test_retire \
    tests/e2e/test_service \
    tests/e2e/test_source \
    tests/e2e/test_stop \
    tests/e2e/test_unix \
    tests/e2e/test_upgrade
check_PROGRAMS += $(E2E_TESTS)
TESTS += $(E2E_TESTS)

check_LIBRARIES += libbed.a
libbed_a_SOURCES = tests/e2e/ask.c tests/e2e/ask.h tests/e2e/bed.c tests/e2e/bed.h tests/e2e/outcome.c tests/e2e/outcome.h
libbed_a_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/lib
libbed_a_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)

E2E_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/lib
E2E_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
E2E_LDADD = libbed.a $(LIBS_TESTLIB) $(CHECK_LIBS) $(JANSSON_LIBS)

tests_e2e_test_admin_SOURCES = tests/e2e/test_admin.c
tests_e2e_test_admin_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_admin_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_admin_LDADD = $(E2E_LDADD)

tests_e2e_test_balance_SOURCES = tests/e2e/test_balance.c
tests_e2e_test_balance_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_balance_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_balance_LDADD = $(E2E_LDADD)

tests_e2e_test_command_SOURCES = tests/e2e/test_command.c
tests_e2e_test_command_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_command_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_command_LDADD = $(E2E_LDADD)

tests_e2e_test_config_SOURCES = tests/e2e/test_config.c
tests_e2e_test_config_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_config_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_config_LDADD = $(E2E_LDADD)

tests_e2e_test_dial_SOURCES = tests/e2e/test_dial.c
tests_e2e_test_dial_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_dial_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_dial_LDADD = $(E2E_LDADD)

tests_e2e_test_discovery_SOURCES = tests/e2e/test_discovery.c
tests_e2e_test_discovery_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_discovery_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_discovery_LDADD = $(E2E_LDADD)

tests_e2e_test_manager_SOURCES = tests/e2e/test_manager.c
tests_e2e_test_manager_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_manager_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_manager_LDADD = $(E2E_LDADD)

tests_e2e_test_membership_SOURCES = tests/e2e/test_membership.c
tests_e2e_test_membership_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_membership_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_membership_LDADD = $(E2E_LDADD)

tests_e2e_test_dns_faults_SOURCES = tests/e2e/test_dns_faults.c
tests_e2e_test_dns_faults_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_dns_faults_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_dns_faults_LDADD = $(E2E_LDADD)

tests_e2e_test_eject_SOURCES = tests/e2e/test_eject.c
tests_e2e_test_eject_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_eject_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_eject_LDADD = $(E2E_LDADD)

tests_e2e_test_limits_SOURCES = tests/e2e/test_limits.c
tests_e2e_test_limits_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_limits_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_limits_LDADD = $(E2E_LDADD)

tests_e2e_test_log_SOURCES = tests/e2e/test_log.c
tests_e2e_test_log_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_log_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_log_LDADD = $(E2E_LDADD)

tests_e2e_test_relay_SOURCES = tests/e2e/test_relay.c
tests_e2e_test_relay_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_relay_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_relay_LDADD = $(E2E_LDADD)

tests_e2e_test_reload_SOURCES = tests/e2e/test_reload.c
tests_e2e_test_reload_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_reload_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_reload_LDADD = $(E2E_LDADD)

tests_e2e_test_stop_SOURCES = tests/e2e/test_stop.c
tests_e2e_test_stop_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_stop_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_stop_LDADD = $(E2E_LDADD)

tests_e2e_test_proxy_protocol_SOURCES = tests/e2e/test_proxy_protocol.c
tests_e2e_test_proxy_protocol_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_proxy_protocol_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_proxy_protocol_LDADD = $(E2E_LDADD)

tests_e2e_test_service_SOURCES = tests/e2e/test_service.c
tests_e2e_test_service_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_service_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_service_LDADD = $(E2E_LDADD)

tests_e2e_test_source_SOURCES = tests/e2e/test_source.c
tests_e2e_test_source_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_source_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_source_LDADD = $(E2E_LDADD)

tests_e2e_test_unix_SOURCES = tests/e2e/test_unix.c
tests_e2e_test_unix_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_unix_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_unix_LDADD = $(E2E_LDADD)

tests_e2e_test_retire_SOURCES = tests/e2e/test_retire.c
tests_e2e_test_retire_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_retire_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_retire_LDADD = $(E2E_LDADD)

tests_e2e_test_upgrade_SOURCES = tests/e2e/test_upgrade.c
tests_e2e_test_upgrade_CPPFLAGS = $(E2E_CPPFLAGS)
tests_e2e_test_upgrade_CFLAGS = $(E2E_CFLAGS)
tests_e2e_test_upgrade_LDADD = $(E2E_LDADD)

# These measure milliseconds: not beside those that use every CPU.
E2E_HEAVY = tests/e2e/test_balance.log tests/e2e/test_limits.log tests/e2e/test_relay.log
tests/e2e/test_discovery.log tests/e2e/test_dns_faults.log tests/e2e/test_membership.log: $(E2E_HEAVY)

EXTRA_DIST += tests/e2e/README.md
