# One static library a layer; a program or test links its layer and those below, uppermost first.
noinst_LIBRARIES += libbase.a libconfig.a libdiscovery.a libproxy.a libdaemon.a libadmin.a libctl.a
sbin_PROGRAMS += redial
bin_PROGRAMS += redialctl

libbase_a_SOURCES = \
	src/base/address.c src/base/address.h \
	src/base/backoff.c src/base/backoff.h \
	src/base/clock.c src/base/clock.h \
	src/base/counter.h \
	src/base/cpus.c src/base/cpus.h \
	src/base/file_stamp.c src/base/file_stamp.h \
	src/base/histogram.c src/base/histogram.h \
	src/base/list.h \
	src/base/log.c src/base/log.h src/base/log_field.h \
	src/base/log_limit.c src/base/log_limit.h \
	src/base/log_recent.c src/base/log_recent.h \
	src/base/mailbox.c src/base/mailbox.h \
	src/base/random.c src/base/random.h \
	src/base/ring.c src/base/ring.h \
	src/base/stride.c src/base/stride.h \
	src/base/timer.c src/base/timer.h \
	src/base/utf8.c src/base/utf8.h

libconfig_a_SOURCES = \
	src/config/compare.c src/config/compare.h \
	src/config/config.c src/config/config.h \
	src/config/dump.c src/config/dump.h \
	src/config/errors.c src/config/errors.h \
	src/config/file.c src/config/file.h \
	src/config/ini.c src/config/ini.h \
	src/config/item.c src/config/item.h \
	src/config/listen.c src/config/listen.h \
	src/config/load.c src/config/load.h \
	src/config/model.h \
	src/config/options.c src/config/options.h \
	src/config/settings.c src/config/settings.h \
	src/config/suggest.c src/config/suggest.h \
	src/config/target.c src/config/target.h \
	src/config/value.c src/config/value.h

libdiscovery_a_SOURCES = \
	src/discovery/answer.c src/discovery/answer.h \
	src/discovery/answer_parse.c \
	src/discovery/budget.c src/discovery/budget.h \
	src/discovery/channel.c src/discovery/channel.h \
	src/discovery/discovery.c src/discovery/discovery.h \
	src/discovery/doze.c src/discovery/doze.h \
	src/discovery/endpoint.c src/discovery/endpoint.h \
	src/discovery/endpoint_set.c src/discovery/endpoint_set.h \
	src/discovery/history.c src/discovery/history.h \
	src/discovery/host.c src/discovery/host.h \
	src/discovery/hosts.c src/discovery/hosts.h \
	src/discovery/journal.c src/discovery/journal.h \
	src/discovery/kept.c src/discovery/kept.h \
	src/discovery/lookup.c src/discovery/lookup.h \
	src/discovery/membership.c src/discovery/membership.h \
	src/discovery/record.c src/discovery/record.h \
	src/discovery/resolv_conf.c src/discovery/resolv_conf.h \
	src/discovery/resolver.c src/discovery/resolver.h \
	src/discovery/route.c src/discovery/route.h \
	src/discovery/servers.c src/discovery/servers.h \
	src/discovery/service.c src/discovery/service.h \
	src/discovery/source.c src/discovery/source.h

libproxy_a_SOURCES = \
	src/proxy/access_log.c src/proxy/access_log.h \
	src/proxy/balance.c src/proxy/balance.h \
	src/proxy/connect.c src/proxy/connect.h \
	src/proxy/dial.c src/proxy/dial.h \
	src/proxy/doubt.h \
	src/proxy/eject.c src/proxy/eject.h \
	src/proxy/health.c src/proxy/health.h \
	src/proxy/heap.c src/proxy/heap.h \
	src/proxy/hedge.c src/proxy/hedge.h \
	src/proxy/latency.c src/proxy/latency.h \
	src/proxy/limit.h \
	src/proxy/listener.c src/proxy/listener.h \
	src/proxy/local_fault.c src/proxy/local_fault.h \
	src/proxy/loop.c src/proxy/loop.h \
	src/proxy/pipe.c src/proxy/pipe.h \
	src/proxy/probe.c src/proxy/probe.h \
	src/proxy/proxy_header.c src/proxy/proxy_header.h \
	src/proxy/race.c src/proxy/race.h \
	src/proxy/ranking.c src/proxy/ranking.h \
	src/proxy/relay.c src/proxy/relay.h \
	src/proxy/retire.c src/proxy/retire.h \
	src/proxy/roster.c src/proxy/roster.h \
	src/proxy/session.c src/proxy/session.h src/proxy/session_state.h \
	src/proxy/session_end.c src/proxy/session_end.h \
	src/proxy/sessions.c src/proxy/sessions.h \
	src/proxy/socket_options.c src/proxy/socket_options.h \
	src/proxy/spare.h \
	src/proxy/stall.c src/proxy/stall.h \
	src/proxy/stream.c src/proxy/stream.h \
	src/proxy/sweep.c src/proxy/sweep.h \
	src/proxy/talk.c src/proxy/talk.h \
	src/proxy/tally.c src/proxy/tally.h \
	src/proxy/tried.c src/proxy/tried.h \
	src/proxy/upstream.c src/proxy/upstream.h \
	src/proxy/usable.h \
	src/proxy/view.c src/proxy/view.h \
	src/proxy/worker.c src/proxy/worker.h

libdaemon_a_SOURCES = \
	src/daemon/descriptors.c src/daemon/descriptors.h \
	src/daemon/engine.c src/daemon/engine.h \
	src/daemon/front.c src/daemon/front.h \
	src/daemon/handover.c src/daemon/handover.h \
	src/daemon/heritage.c src/daemon/heritage.h \
	src/daemon/inherited.c src/daemon/inherited.h \
	src/daemon/known.c src/daemon/known.h \
	src/daemon/linger.c src/daemon/linger.h \
	src/daemon/log_timer.c src/daemon/log_timer.h \
	src/daemon/manager.c src/daemon/manager.h \
	src/daemon/notify.c src/daemon/notify.h \
	src/daemon/plan.c src/daemon/plan.h \
	src/daemon/pulse.c src/daemon/pulse.h \
	src/daemon/reload.c src/daemon/reload.h \
	src/daemon/report.c src/daemon/report.h \
	src/daemon/resolve.c src/daemon/resolve.h \
	src/daemon/server.c src/daemon/server.h \
	src/daemon/service.c src/daemon/service.h \
	src/daemon/sockets.c src/daemon/sockets.h \
	src/daemon/unix_socket.c src/daemon/unix_socket.h \
	src/daemon/upgrade.c src/daemon/upgrade.h \
	src/daemon/watchdog.c src/daemon/watchdog.h

libadmin_a_SOURCES = \
	src/admin/actions.c src/admin/actions.h \
	src/admin/admin.c src/admin/admin.h \
	src/admin/connection.c src/admin/connection.h \
	src/admin/endpoints.c src/admin/endpoints.h \
	src/admin/guard.c src/admin/guard.h \
	src/admin/head.c src/admin/head.h \
	src/admin/http.c src/admin/http.h \
	src/admin/json.c src/admin/json.h \
	src/admin/metrics.c src/admin/metrics.h \
	src/admin/page.c src/admin/page.h \
	src/admin/questions.c src/admin/questions.h \
	src/admin/request.c src/admin/request.h src/admin/request_state.h \
	src/admin/sockets.c src/admin/sockets.h \
	src/admin/status.c src/admin/status.h

nodist_libadmin_a_SOURCES = src/admin/page_bytes.c

# The status page becomes a C array, byte by byte.
src/admin/page_bytes.c: $(srcdir)/src/admin/page.html $(srcdir)/src/admin/embed.awk
	$(AM_V_GEN)$(MKDIR_P) $(@D) && od -An -v -tu1 $(srcdir)/src/admin/page.html >$@.od && \
	    LC_ALL=C $(AWK) -f $(srcdir)/src/admin/embed.awk $@.od >$@.new && rm -f $@.od && mv $@.new $@
EXTRA_DIST += src/admin/page.html src/admin/embed.awk
CLEANFILES += src/admin/page_bytes.c

libctl_a_SOURCES = \
	src/ctl/action.c src/ctl/action.h \
	src/ctl/client.c src/ctl/client.h \
	src/ctl/endpoints.c src/ctl/endpoints.h \
	src/ctl/explain.c src/ctl/explain.h \
	src/ctl/field.c src/ctl/field.h \
	src/ctl/frame.c src/ctl/frame.h \
	src/ctl/http.c src/ctl/http.h \
	src/ctl/place.c src/ctl/place.h \
	src/ctl/question.c src/ctl/question.h \
	src/ctl/rates.c src/ctl/rates.h \
	src/ctl/ready.c src/ctl/ready.h \
	src/ctl/screen.c src/ctl/screen.h \
	src/ctl/spark.c src/ctl/spark.h \
	src/ctl/status.c src/ctl/status.h \
	src/ctl/style.c src/ctl/style.h \
	src/ctl/table.c src/ctl/table.h \
	src/ctl/text.c src/ctl/text.h \
	src/ctl/units.c src/ctl/units.h \
	src/ctl/upgrade.c src/ctl/upgrade.h \
	src/ctl/watch.c src/ctl/watch.h

LIBS_BASE = libbase.a $(LIBEVENT_LIBS) $(JANSSON_LIBS)
LIBS_CONFIG = libconfig.a $(LIBS_BASE)
LIBS_DISCOVERY = libdiscovery.a libconfig.a libbase.a $(CARES_LIBS) $(LIBEVENT_LIBS) $(JANSSON_LIBS)
LIBS_PROXY = libproxy.a $(LIBS_DISCOVERY)
LIBS_CTL = libctl.a libbase.a $(JANSSON_LIBS)
LIBS_DAEMON = libdaemon.a $(LIBS_PROXY)
# evhttp is the admin interface's alone.
LIBS_ADMIN = libadmin.a $(LIBEVENT_EXTRA_LIBS) $(LIBS_DAEMON)

redial_SOURCES = src/main.c
redial_LDADD = $(LIBS_ADMIN)

# Without libevent: what the client starts with, it starts with often.
redialctl_SOURCES = src/redialctl.c
redialctl_LDADD = $(LIBS_CTL)
