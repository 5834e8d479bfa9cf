# One program (or a few) a layer; each links its own layer and those below, and nothing above.
unit_programs = \
	tests/unit/test_base_address \
	tests/unit/test_base_backoff \
	tests/unit/test_base_clock \
	tests/unit/test_base_cpus \
	tests/unit/test_base_file_stamp \
	tests/unit/test_base_histogram \
	tests/unit/test_base_list \
	tests/unit/test_base_log \
	tests/unit/test_base_log_event \
	tests/unit/test_base_log_limit \
	tests/unit/test_base_log_recent \
	tests/unit/test_base_mailbox \
	tests/unit/test_base_network \
	tests/unit/test_base_random \
	tests/unit/test_base_ring \
	tests/unit/test_base_stride \
	tests/unit/test_base_utf8 \
	tests/unit/test_ctl_rates \
	tests/unit/test_ctl_text \
	tests/unit/test_ctl_units \
	tests/unit/test_config_ini \
	tests/unit/test_config_listen \
	tests/unit/test_config_options \
	tests/unit/test_config_target \
	tests/unit/test_config_value \
	tests/unit/test_config_errors \
	tests/unit/test_config_load \
	tests/unit/test_discovery_answer \
	tests/unit/test_discovery_answer_srv \
	tests/unit/test_discovery_budget \
	tests/unit/test_discovery_record \
	tests/unit/test_discovery_resolv_conf \
	tests/unit/test_discovery_membership \
	tests/unit/test_discovery_membership_journal \
	tests/unit/test_discovery_endpoint \
	tests/unit/test_discovery_endpoint_set \
	tests/unit/test_discovery_hosts \
	tests/unit/test_discovery_discovery \
	tests/unit/test_discovery_lookup \
	tests/unit/test_discovery_lookup_shared \
	tests/unit/test_discovery_resolver \
	tests/unit/test_discovery_search \
	tests/unit/test_discovery_servers \
	tests/unit/test_discovery_service \
	tests/unit/test_discovery_table \
	tests/unit/test_discovery_resolver_files \
	tests/unit/test_discovery_explain \
	tests/unit/test_proxy_heap \
	tests/unit/test_proxy_pipe \
	tests/unit/test_proxy_spare \
	tests/unit/test_proxy_balance \
	tests/unit/test_proxy_balance_threads \
	tests/unit/test_proxy_balance_weights \
	tests/unit/test_proxy_balance_fresh \
	tests/unit/test_proxy_eject \
	tests/unit/test_proxy_latency \
	tests/unit/test_proxy_hedge \
	tests/unit/test_proxy_tried \
	tests/unit/test_proxy_connect \
	tests/unit/test_proxy_race \
	tests/unit/test_proxy_loop \
	tests/unit/test_proxy_stream \
	tests/unit/test_proxy_relay \
	tests/unit/test_proxy_dial \
	tests/unit/test_proxy_dial_hedge \
	tests/unit/test_proxy_dial_heal \
	tests/unit/test_proxy_probe \
	tests/unit/test_proxy_health \
	tests/unit/test_proxy_listener \
	tests/unit/test_proxy_worker \
	tests/unit/test_proxy_header \
	tests/unit/test_proxy_socket_options \
	tests/unit/test_proxy_stall \
	tests/unit/test_proxy_talk \
	tests/unit/test_proxy_tally \
	tests/unit/test_proxy_retire \
	tests/unit/test_proxy_sessions \
	tests/unit/test_daemon_descriptors \
	tests/unit/test_config_dump \
	tests/unit/test_daemon_handover \
	tests/unit/test_daemon_known \
	tests/unit/test_daemon_inherited \
	tests/unit/test_daemon_notify \
	tests/unit/test_daemon_report \
	tests/unit/test_daemon_sockets \
	tests/unit/test_daemon_unix_socket \
	tests/unit/test_daemon_watchdog \
	tests/unit/test_admin_guard \
	tests/unit/test_admin_head \
	tests/unit/test_admin_hostile \
	tests/unit/test_admin_http \
	tests/unit/test_admin_sockets \
	tests/unit/test_admin_page
check_PROGRAMS += $(unit_programs)
TESTS += $(unit_programs)

tests_unit_test_base_address_SOURCES = tests/unit/test_base_address.c tests/unit/suite.h
tests_unit_test_base_address_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_address_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_backoff_SOURCES = tests/unit/test_base_backoff.c tests/unit/suite.h
tests_unit_test_base_backoff_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_backoff_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_clock_SOURCES = tests/unit/test_base_clock.c tests/unit/suite.h
tests_unit_test_base_clock_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_clock_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_cpus_SOURCES = tests/unit/test_base_cpus.c tests/unit/suite.h
tests_unit_test_base_cpus_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_cpus_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_file_stamp_SOURCES = tests/unit/test_base_file_stamp.c tests/unit/suite.h \
	tests/unit/files.c \
	tests/unit/files.h
tests_unit_test_base_file_stamp_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_file_stamp_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_histogram_SOURCES = tests/unit/test_base_histogram.c tests/unit/suite.h
tests_unit_test_base_histogram_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_histogram_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_list_SOURCES = tests/unit/test_base_list.c tests/unit/suite.h
tests_unit_test_base_list_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_list_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_log_SOURCES = tests/unit/test_base_log.c tests/unit/suite.h
tests_unit_test_base_log_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_log_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_log_event_SOURCES = tests/unit/test_base_log_event.c tests/unit/suite.h
tests_unit_test_base_log_event_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_log_event_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_log_limit_SOURCES = tests/unit/test_base_log_limit.c tests/unit/suite.h
tests_unit_test_base_log_limit_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_log_limit_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_log_recent_SOURCES = tests/unit/test_base_log_recent.c tests/unit/suite.h
tests_unit_test_base_log_recent_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_log_recent_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_mailbox_SOURCES = tests/unit/test_base_mailbox.c tests/unit/suite.h
tests_unit_test_base_mailbox_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_mailbox_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_network_SOURCES = tests/unit/test_base_network.c tests/unit/suite.h
tests_unit_test_base_network_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_network_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_random_SOURCES = tests/unit/test_base_random.c tests/unit/suite.h
tests_unit_test_base_random_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_random_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_ring_SOURCES = tests/unit/test_base_ring.c tests/unit/suite.h
tests_unit_test_base_ring_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_ring_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_stride_SOURCES = tests/unit/test_base_stride.c tests/unit/suite.h
tests_unit_test_base_stride_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_stride_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_base_utf8_SOURCES = tests/unit/test_base_utf8.c tests/unit/suite.h
tests_unit_test_base_utf8_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_base_utf8_LDADD = $(LIBS_BASE) $(CHECK_LIBS)

tests_unit_test_config_ini_SOURCES = tests/unit/test_config_ini.c tests/unit/suite.h
tests_unit_test_config_ini_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_ini_LDADD = $(LIBS_CONFIG) $(CHECK_LIBS)

tests_unit_test_config_listen_SOURCES = tests/unit/test_config_listen.c tests/unit/suite.h
tests_unit_test_config_listen_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_listen_LDADD = $(LIBS_CONFIG) $(CHECK_LIBS)

tests_unit_test_config_options_SOURCES = tests/unit/test_config_options.c tests/unit/suite.h
tests_unit_test_config_options_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_options_LDADD = $(LIBS_CONFIG) $(CHECK_LIBS)

tests_unit_test_config_target_SOURCES = tests/unit/test_config_target.c tests/unit/suite.h
tests_unit_test_config_target_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_target_LDADD = $(LIBS_CONFIG) $(CHECK_LIBS)

tests_unit_test_config_value_SOURCES = tests/unit/test_config_value.c tests/unit/suite.h
tests_unit_test_config_value_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_value_LDADD = $(LIBS_CONFIG) $(CHECK_LIBS)

tests_unit_test_config_errors_SOURCES = tests/unit/test_config_errors.c tests/unit/suite.h \
	tests/unit/files.c \
	tests/unit/files.h
tests_unit_test_config_errors_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_errors_LDADD = $(LIBS_CONFIG) $(CHECK_LIBS)

tests_unit_test_config_load_SOURCES = tests/unit/test_config_load.c tests/unit/suite.h \
	tests/unit/files.c \
	tests/unit/files.h
tests_unit_test_config_load_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_load_LDADD = $(LIBS_CONFIG) $(CHECK_LIBS)

tests_unit_test_discovery_answer_SOURCES = tests/unit/test_discovery_answer.c tests/unit/suite.h \
	tests/unit/dns_message.c \
	tests/unit/dns_message.h
tests_unit_test_discovery_answer_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_answer_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_answer_srv_SOURCES = tests/unit/test_discovery_answer_srv.c tests/unit/suite.h \
	tests/unit/dns_message.c \
	tests/unit/dns_message.h
tests_unit_test_discovery_answer_srv_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_answer_srv_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_membership_journal_SOURCES = tests/unit/test_discovery_membership_journal.c \
	tests/unit/change_rig.h tests/unit/suite.h
tests_unit_test_discovery_membership_journal_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_membership_journal_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_resolver_files_SOURCES = tests/unit/test_discovery_resolver_files.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/dns_message.c \
	tests/unit/dns_message.h \
	tests/unit/dns_server.c \
	tests/unit/dns_server.h \
	tests/unit/files.c \
	tests/unit/files.h \
	tests/unit/route_rig.c \
	tests/unit/route_rig.h \
	tests/unit/turn.h
tests_unit_test_discovery_resolver_files_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_resolver_files_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_lookup_shared_SOURCES = tests/unit/test_discovery_lookup_shared.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/dns_message.c \
	tests/unit/dns_message.h \
	tests/unit/dns_server.c \
	tests/unit/dns_server.h \
	tests/unit/route_rig.c \
	tests/unit/route_rig.h \
	tests/unit/turn.h
tests_unit_test_discovery_lookup_shared_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_lookup_shared_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_service_SOURCES = tests/unit/test_discovery_service.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/dns_message.c \
	tests/unit/dns_message.h \
	tests/unit/dns_server.c \
	tests/unit/dns_server.h \
	tests/unit/route_rig.c \
	tests/unit/route_rig.h \
	tests/unit/service_rig.h \
	tests/unit/turn.h
tests_unit_test_discovery_service_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_service_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_explain_SOURCES = tests/unit/test_discovery_explain.c tests/unit/suite.h \
	tests/unit/dns_message.c \
	tests/unit/dns_message.h \
	tests/unit/dns_server.c \
	tests/unit/dns_server.h \
	tests/unit/route_rig.c \
	tests/unit/route_rig.h \
	tests/unit/service_rig.h \
	tests/unit/turn.h
tests_unit_test_discovery_explain_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_explain_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_record_SOURCES = tests/unit/test_discovery_record.c tests/unit/suite.h
tests_unit_test_discovery_record_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_record_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_resolv_conf_SOURCES = tests/unit/test_discovery_resolv_conf.c tests/unit/suite.h \
	tests/unit/files.c \
	tests/unit/files.h
tests_unit_test_discovery_resolv_conf_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_resolv_conf_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_servers_SOURCES = tests/unit/test_discovery_servers.c tests/unit/suite.h
tests_unit_test_discovery_servers_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_servers_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_table_SOURCES = tests/unit/test_discovery_table.c tests/unit/change_rig.h tests/unit/suite.h
tests_unit_test_discovery_table_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_table_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_endpoint_SOURCES = tests/unit/test_discovery_endpoint.c tests/unit/suite.h
tests_unit_test_discovery_endpoint_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_endpoint_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_endpoint_set_SOURCES = tests/unit/test_discovery_endpoint_set.c \
	tests/unit/plain_set.h \
	tests/unit/suite.h
tests_unit_test_discovery_endpoint_set_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_endpoint_set_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_hosts_SOURCES = tests/unit/test_discovery_hosts.c tests/unit/suite.h \
	tests/unit/files.c \
	tests/unit/files.h
tests_unit_test_discovery_hosts_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_hosts_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_discovery_SOURCES = tests/unit/test_discovery_discovery.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/dns_message.c \
	tests/unit/dns_message.h \
	tests/unit/dns_server.c \
	tests/unit/dns_server.h \
	tests/unit/route_rig.c \
	tests/unit/route_rig.h \
	tests/unit/turn.h
tests_unit_test_discovery_discovery_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_discovery_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_lookup_SOURCES = tests/unit/test_discovery_lookup.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/dns_message.c \
	tests/unit/dns_message.h \
	tests/unit/dns_server.c \
	tests/unit/dns_server.h \
	tests/unit/route_rig.c \
	tests/unit/route_rig.h \
	tests/unit/turn.h
tests_unit_test_discovery_lookup_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_lookup_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_resolver_SOURCES = tests/unit/test_discovery_resolver.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/dns_message.c \
	tests/unit/dns_message.h \
	tests/unit/dns_server.c \
	tests/unit/dns_server.h \
	tests/unit/route_rig.c \
	tests/unit/route_rig.h \
	tests/unit/turn.h
tests_unit_test_discovery_resolver_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_resolver_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_proxy_heap_SOURCES = tests/unit/test_proxy_heap.c tests/unit/suite.h
tests_unit_test_proxy_heap_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_heap_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_pipe_SOURCES = tests/unit/test_proxy_pipe.c tests/unit/suite.h
tests_unit_test_proxy_pipe_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_pipe_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_spare_SOURCES = tests/unit/test_proxy_spare.c tests/unit/suite.h
tests_unit_test_proxy_spare_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_spare_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_balance_SOURCES = tests/unit/test_proxy_balance.c tests/unit/suite.h \
	tests/unit/balance_rig.c \
	tests/unit/balance_rig.h
tests_unit_test_proxy_balance_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_balance_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_balance_threads_SOURCES = tests/unit/test_proxy_balance_threads.c tests/unit/suite.h \
	tests/unit/balance_rig.c \
	tests/unit/balance_rig.h
tests_unit_test_proxy_balance_threads_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_balance_threads_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_balance_weights_SOURCES = tests/unit/test_proxy_balance_weights.c tests/unit/suite.h \
	tests/unit/balance_rig.c \
	tests/unit/balance_rig.h
tests_unit_test_proxy_balance_weights_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_balance_weights_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_balance_fresh_SOURCES = tests/unit/test_proxy_balance_fresh.c tests/unit/suite.h \
	tests/unit/balance_rig.c \
	tests/unit/balance_rig.h
tests_unit_test_proxy_balance_fresh_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_balance_fresh_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_loop_SOURCES = tests/unit/test_proxy_loop.c tests/unit/suite.h \
	tests/unit/loop_rig.h
tests_unit_test_proxy_loop_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_loop_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_connect_SOURCES = tests/unit/test_proxy_connect.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/loop_rig.h
tests_unit_test_proxy_connect_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_connect_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_stream_SOURCES = tests/unit/test_proxy_stream.c tests/unit/suite.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/loop_rig.h
tests_unit_test_proxy_stream_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_stream_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_relay_SOURCES = tests/unit/test_proxy_relay.c tests/unit/suite.h \
	tests/unit/relay_rig.c \
	tests/unit/relay_rig.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h
tests_unit_test_proxy_relay_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_relay_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_dial_SOURCES = tests/unit/test_proxy_dial.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/dial_rig.c \
	tests/unit/dial_rig.h \
	tests/unit/view_rig.c \
	tests/unit/view_rig.h \
	tests/unit/plain_set.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/loop_rig.h
tests_unit_test_proxy_dial_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_dial_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_listener_SOURCES = tests/unit/test_proxy_listener.c tests/unit/suite.h \
	tests/unit/view_rig.c \
	tests/unit/view_rig.h \
	tests/unit/plain_set.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/loop_rig.h
tests_unit_test_proxy_listener_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_listener_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_worker_SOURCES = tests/unit/test_proxy_worker.c tests/unit/suite.h \
	tests/unit/tally_check.h \
	tests/unit/view_rig.c \
	tests/unit/view_rig.h \
	tests/unit/plain_set.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h
tests_unit_test_proxy_worker_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_worker_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_eject_SOURCES = tests/unit/test_proxy_eject.c tests/unit/suite.h \
	tests/unit/plain_set.h
tests_unit_test_proxy_eject_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_eject_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_latency_SOURCES = tests/unit/test_proxy_latency.c tests/unit/suite.h
tests_unit_test_proxy_latency_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_latency_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_hedge_SOURCES = tests/unit/test_proxy_hedge.c tests/unit/suite.h
tests_unit_test_proxy_hedge_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_hedge_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_tried_SOURCES = tests/unit/test_proxy_tried.c tests/unit/suite.h
tests_unit_test_proxy_tried_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_tried_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_race_SOURCES = tests/unit/test_proxy_race.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/loop_rig.h
tests_unit_test_proxy_race_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_race_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_probe_SOURCES = tests/unit/test_proxy_probe.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/turn.h
tests_unit_test_proxy_probe_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_probe_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_health_SOURCES = tests/unit/test_proxy_health.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/view_rig.c \
	tests/unit/view_rig.h \
	tests/unit/plain_set.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/turn.h
tests_unit_test_proxy_health_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_health_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_dial_hedge_SOURCES = tests/unit/test_proxy_dial_hedge.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/dial_rig.c \
	tests/unit/dial_rig.h \
	tests/unit/view_rig.c \
	tests/unit/view_rig.h \
	tests/unit/plain_set.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/loop_rig.h
tests_unit_test_proxy_dial_hedge_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_dial_hedge_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_dial_heal_SOURCES = tests/unit/test_proxy_dial_heal.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/dial_rig.c \
	tests/unit/dial_rig.h \
	tests/unit/view_rig.c \
	tests/unit/view_rig.h \
	tests/unit/plain_set.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/loop_rig.h
tests_unit_test_proxy_dial_heal_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_dial_heal_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_daemon_descriptors_SOURCES = tests/unit/test_daemon_descriptors.c tests/unit/suite.h
tests_unit_test_daemon_descriptors_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_daemon_descriptors_LDADD = $(LIBS_DAEMON) $(CHECK_LIBS)

tests_unit_test_daemon_report_SOURCES = tests/unit/test_daemon_report.c tests/unit/suite.h \
	tests/unit/plain_set.h
tests_unit_test_daemon_report_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_daemon_report_LDADD = $(LIBS_DAEMON) $(CHECK_LIBS)

tests_unit_test_daemon_sockets_SOURCES = tests/unit/test_daemon_sockets.c tests/unit/suite.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h
tests_unit_test_daemon_sockets_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_daemon_sockets_LDADD = $(LIBS_DAEMON) $(CHECK_LIBS)

tests_unit_test_discovery_budget_SOURCES = tests/unit/test_discovery_budget.c tests/unit/suite.h
tests_unit_test_discovery_budget_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_budget_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_discovery_membership_SOURCES = tests/unit/test_discovery_membership.c \
	tests/unit/suite.h
tests_unit_test_discovery_membership_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_membership_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_proxy_header_SOURCES = tests/unit/test_proxy_header.c tests/unit/suite.h
tests_unit_test_proxy_header_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_header_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_socket_options_SOURCES = tests/unit/test_proxy_socket_options.c tests/unit/suite.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h
tests_unit_test_proxy_socket_options_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_socket_options_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_stall_SOURCES = tests/unit/test_proxy_stall.c tests/unit/suite.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h
tests_unit_test_proxy_stall_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_stall_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_daemon_unix_socket_SOURCES = tests/unit/test_daemon_unix_socket.c \
	tests/unit/suite.h \
	tests/unit/files.c \
	tests/unit/files.h
tests_unit_test_daemon_unix_socket_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_daemon_unix_socket_LDADD = $(LIBS_DAEMON) $(CHECK_LIBS)

tests_unit_test_proxy_talk_SOURCES = tests/unit/test_proxy_talk.c tests/unit/suite.h
tests_unit_test_proxy_talk_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_talk_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_tally_SOURCES = tests/unit/test_proxy_tally.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/tally_check.h \
	tests/unit/view_rig.c \
	tests/unit/view_rig.h \
	tests/unit/plain_set.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/loop_rig.h
tests_unit_test_proxy_tally_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_tally_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_retire_SOURCES = tests/unit/test_proxy_retire.c tests/unit/suite.h
tests_unit_test_proxy_retire_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_retire_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_proxy_sessions_SOURCES = tests/unit/test_proxy_sessions.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/view_rig.c \
	tests/unit/view_rig.h \
	tests/unit/plain_set.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h \
	tests/unit/loop_rig.h
tests_unit_test_proxy_sessions_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_proxy_sessions_LDADD = $(LIBS_PROXY) $(CHECK_LIBS)

tests_unit_test_discovery_search_SOURCES = tests/unit/test_discovery_search.c tests/unit/suite.h \
	tests/unit/idle_time.c \
	tests/unit/dns_message.c \
	tests/unit/dns_message.h \
	tests/unit/dns_server.c \
	tests/unit/dns_server.h \
	tests/unit/files.c \
	tests/unit/files.h \
	tests/unit/turn.h
tests_unit_test_discovery_search_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_discovery_search_LDADD = $(LIBS_DISCOVERY) $(CHECK_LIBS)

tests_unit_test_daemon_handover_SOURCES = tests/unit/test_daemon_handover.c tests/unit/suite.h \
	tests/unit/heir_rig.c \
	tests/unit/heir_rig.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h
tests_unit_test_daemon_handover_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_daemon_handover_LDADD = $(LIBS_DAEMON) $(CHECK_LIBS)

tests_unit_test_daemon_inherited_SOURCES = tests/unit/test_daemon_inherited.c tests/unit/suite.h \
	tests/unit/heir_rig.c \
	tests/unit/heir_rig.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h
tests_unit_test_daemon_inherited_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_daemon_inherited_LDADD = $(LIBS_DAEMON) $(CHECK_LIBS)

tests_unit_test_daemon_notify_SOURCES = tests/unit/test_daemon_notify.c tests/unit/suite.h \
	tests/unit/files.c \
	tests/unit/files.h
tests_unit_test_daemon_notify_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_daemon_notify_LDADD = $(LIBS_DAEMON) $(CHECK_LIBS)

tests_unit_test_daemon_watchdog_SOURCES = tests/unit/test_daemon_watchdog.c tests/unit/suite.h
tests_unit_test_daemon_watchdog_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_daemon_watchdog_LDADD = $(LIBS_DAEMON) $(CHECK_LIBS)
tests_unit_test_admin_guard_SOURCES = tests/unit/test_admin_guard.c tests/unit/suite.h
tests_unit_test_admin_guard_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_admin_guard_LDADD = $(LIBS_ADMIN) $(CHECK_LIBS)

tests_unit_test_admin_head_SOURCES = tests/unit/test_admin_head.c tests/unit/suite.h
tests_unit_test_admin_head_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_admin_head_LDADD = $(LIBS_ADMIN) $(CHECK_LIBS)

tests_unit_test_admin_hostile_SOURCES = tests/unit/test_admin_hostile.c tests/unit/suite.h \
	tests/unit/admin_rig.c \
	tests/unit/admin_rig.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h
tests_unit_test_admin_hostile_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_admin_hostile_LDADD = $(LIBS_ADMIN) $(CHECK_LIBS)

tests_unit_test_admin_http_SOURCES = tests/unit/test_admin_http.c tests/unit/suite.h \
	tests/unit/admin_rig.c \
	tests/unit/admin_rig.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h
tests_unit_test_admin_http_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_admin_http_LDADD = $(LIBS_ADMIN) $(CHECK_LIBS)

tests_unit_test_admin_sockets_SOURCES = tests/unit/test_admin_sockets.c tests/unit/suite.h \
	tests/unit/files.c \
	tests/unit/files.h \
	tests/unit/loopback.c \
	tests/unit/loopback.h
tests_unit_test_admin_sockets_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_admin_sockets_LDADD = $(LIBS_ADMIN) $(CHECK_LIBS)

tests_unit_test_admin_page_SOURCES = tests/unit/test_admin_page.c tests/unit/suite.h \
	tests/unit/sha256.c \
	tests/unit/sha256.h
tests_unit_test_admin_page_CPPFLAGS = $(AM_CPPFLAGS) -DPAGE_FILE='"$(abs_top_srcdir)/src/admin/page.html"'
tests_unit_test_admin_page_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_admin_page_LDADD = libadmin.a $(CHECK_LIBS) -lm

tests_unit_test_ctl_rates_SOURCES = tests/unit/test_ctl_rates.c tests/unit/suite.h
tests_unit_test_ctl_rates_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ctl_rates_LDADD = $(LIBS_CTL) $(CHECK_LIBS)

tests_unit_test_ctl_text_SOURCES = tests/unit/test_ctl_text.c tests/unit/suite.h
tests_unit_test_ctl_text_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ctl_text_LDADD = $(LIBS_CTL) $(CHECK_LIBS)

tests_unit_test_ctl_units_SOURCES = tests/unit/test_ctl_units.c tests/unit/suite.h
tests_unit_test_ctl_units_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_ctl_units_LDADD = $(LIBS_CTL) $(CHECK_LIBS)

tests_unit_test_config_dump_SOURCES = tests/unit/test_config_dump.c tests/unit/suite.h \
	tests/unit/files.c \
	tests/unit/files.h
tests_unit_test_config_dump_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_config_dump_LDADD = $(LIBS_CONFIG) $(CHECK_LIBS)

tests_unit_test_daemon_known_SOURCES = tests/unit/test_daemon_known.c tests/unit/suite.h
tests_unit_test_daemon_known_CFLAGS = $(AM_CFLAGS) $(CHECK_CFLAGS)
tests_unit_test_daemon_known_LDADD = $(LIBS_DAEMON) $(CHECK_LIBS)
