/* Accepting, limits and sessions: one worker's part, without its thread. */
#include "proxy/listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "loop_rig.h"
#include "loopback.h"
#include "plain_set.h"
#include "proxy/limit.h"
#include "proxy/session_end.h"
#include "proxy/sessions.h"
#include "suite.h"
#include "view_rig.h"

#define MSEC USEC_PER_MSEC

static struct view_rig rig;
static struct acceptor *acceptor;
static struct process_limit process;
static struct address front, back; /* where redial listens, and where the endpoint does */
static int backend;
static int drained;

static void on_drained(void *arg)
{
    ck_assert_ptr_eq(arg, &drained);
    drained++;
}

static void begin(const char *settings, uint32_t most)
{
    backend = loopback_listen(&back);
    view_rig_open(&rig, settings, &back, 1);
    process = (struct process_limit){.limit.most = most};
    acceptor = acceptor_new(&rig.loop, &process, on_drained, &drained);
    listener_assign(acceptor, rig.view, loopback_listen(&front), listener_blank());
}

static void end(void)
{
    sessions_abort(rig.view);
    acceptor_free(acceptor);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 0); /* every connection was given back */
    ck_assert_uint_eq(atomic_load(&rig.upstream->limit.open), 0);
    view_rig_close(&rig);
    close(backend);
}

static void turn(int ms)
{
    loop_for(&rig.loop, ms);
}

/* A client; -1 in *ret_peer where no endpoint was dialled for it. */
static int connect_client(int *ret_peer)
{
    int client = loopback_connect(&front);
    ck_assert_int_ge(client, 0);
    turn(30);
    *ret_peer = accept4(backend, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    return client;
}

START_TEST(a_session_carries_and_ends)
{
    char bytes[16];
    int peer;
    begin("", 0);
    int client = connect_client(&peer);
    ck_assert_int_ge(peer, 0);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 1);
    ck_assert_int_eq(write(client, "ping", 4), 4);
    turn(20);
    ck_assert_int_eq(read(peer, bytes, sizeof bytes), 4);
    ck_assert_int_eq(write(peer, "pong", 4), 4);
    shutdown(peer, SHUT_WR);
    turn(20);
    ck_assert_int_eq(read(client, bytes, sizeof bytes), 4);
    ck_assert_int_eq(loopback_end(client), 0);
    close(client);
    turn(20);
    ck_assert_int_eq(loopback_end(peer), 0);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 0);
    close(peer);
    end();
}
END_TEST

START_TEST(resets_are_carried)
{
    int peer;
    begin("", 0);
    int client = connect_client(&peer);
    loopback_reset(peer);
    turn(30);
    ck_assert_int_eq(loopback_end(client), -ECONNRESET);
    close(client);
    client = connect_client(&peer);
    loopback_reset(client);
    turn(30);
    ck_assert_int_eq(loopback_end(peer), -ECONNRESET);
    close(peer);
    end();
}
END_TEST

/* Without an endpoint the client is reset: an orderly end would look like an empty answer. */
START_TEST(who_cannot_be_served_is_reset)
{
    begin("connect.deadline=100ms", 0);
    view_rig_use(&rig, plain_set(rig.view->set, NULL, 0));
    int peer, client = connect_client(&peer);
    ck_assert_int_eq(peer, -1);
    turn(200);
    ck_assert_int_eq(loopback_end(client), -ECONNRESET);
    close(client);
    struct address dead;
    int refusing = loopback_refuse(&dead);
    view_rig_use(&rig, plain_set(rig.view->set, &dead, 1));
    client = connect_client(&peer);
    turn(200);
    ck_assert_int_eq(loopback_end(client), -ECONNRESET);
    close(client);
    close(refusing);
    end();
}
END_TEST

START_TEST(a_client_may_leave_while_it_is_dialled_for)
{
    begin("", 0);
    view_rig_use(&rig, plain_set(rig.view->set, NULL, 0));
    int peer, client = connect_client(&peer);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 1);
    loopback_reset(client);
    turn(30);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 0);
    ck_assert(list_empty(&rig.view->waiters));
    client = connect_client(&peer); /* what it says before it is connected is not lost */
    ck_assert_int_eq(write(client, "early", 5), 5);
    shutdown(client, SHUT_WR);
    turn(20);
    view_rig_use(&rig, plain_set(rig.view->set, &back, 1));
    turn(30);
    char bytes[16];
    peer = loopback_accept(backend);
    ck_assert_int_eq(read(peer, bytes, sizeof bytes), 5);
    ck_assert_int_eq(loopback_end(peer), 0);
    close(peer);
    close(client);
    turn(20);
    end();
}
END_TEST

static void ck_allowed(const char *settings, bool served)
{
    int peer;
    begin(settings, 0);
    int client = connect_client(&peer);
    ck_assert_int_eq(peer >= 0, served);
    if (!served)
        ck_assert_int_eq(loopback_end(client), -ECONNRESET);
    else
        close(peer);
    close(client);
    turn(30);
    end();
}

START_TEST(allow_decides_who_may_connect)
{
    ck_allowed("", true);
    ck_allowed("upstream.allow=127.0.0.0/8", true);
    ck_allowed("upstream.allow=10.0.0.0/8,127.0.0.1", true);
    ck_allowed("upstream.allow=10.0.0.0/8", false);
    ck_allowed("upstream.allow=127.0.0.2", false);
    ck_allowed("upstream.allow=::/0", false);
}
END_TEST

/* At the limit clients wait in the socket's queue, and are served when another one has ended. */
static void ck_limit(const char *settings, uint32_t most)
{
    int clients[5], peers[5];
    begin(settings, most);
    for (size_t i = 0; i < 5; i++) {
        clients[i] = connect_client(&peers[i]);
        ck_assert_int_eq(peers[i] >= 0, i < 3);
        ck_assert_uint_le(atomic_load(&process.limit.open), 3);
    }
    turn(150); /* beyond a pause */
    ck_assert_int_eq(accept4(backend, NULL, NULL, SOCK_NONBLOCK), -1);
    for (size_t i = 0; i < 2; i++) {
        close(clients[i]);
        close(peers[i]);
        turn(60);
        peers[3 + i] = accept4(backend, NULL, NULL, SOCK_NONBLOCK);
        ck_assert_int_ge(peers[3 + i], 0);
    }
    for (size_t i = 2; i < 5; i++) {
        close(clients[i]);
        close(peers[i]);
    }
    turn(60);
    end();
}

START_TEST(the_limit_of_the_process)
{
    ck_limit("", 3);
}
END_TEST

START_TEST(the_limit_of_an_upstream)
{
    ck_limit("upstream.max-connections=3", 100);
}
END_TEST

START_TEST(descriptors_run_out_and_come_back)
{
    int peer;
    struct rlimit before;
    begin("", 0);
    getrlimit(RLIMIT_NOFILE, &before);
    int client = loopback_connect(&front), next = dup(client);
    close(next);
    struct rlimit none = {.rlim_cur = (rlim_t)next, .rlim_max = before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    turn(150);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 0);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    turn(150);
    peer = loopback_accept(backend);
    ck_assert_int_ge(peer, 0);
    close(peer);
    close(client);
    turn(30);
    end();
}
END_TEST

START_TEST(stop_lets_sessions_finish)
{
    int peer, late_peer;
    begin("", 0);
    int client = connect_client(&peer);
    int late = loopback_connect(&front); /* in the queue: it is served still */
    acceptor_stop(acceptor);
    ck_assert_int_eq(drained, 0);
    ck_assert_int_eq(loopback_connect(&front), -ECONNREFUSED);
    turn(30);
    late_peer = loopback_accept(backend);
    ck_assert_int_ge(late_peer, 0);
    close(client);
    close(peer);
    turn(30);
    ck_assert_int_eq(drained, 0);
    close(late);
    close(late_peer);
    turn(30);
    ck_assert_int_eq(drained, 1);
    end();
}
END_TEST

START_TEST(stop_without_sessions_is_drained_at_once)
{
    begin("", 0);
    acceptor_stop(acceptor);
    ck_assert_int_eq(drained, 1);
    end();
}
END_TEST

START_TEST(stop_while_resting)
{
    int peer;
    begin("", 1);
    int client = connect_client(&peer), waiting = loopback_connect(&front);
    turn(30);
    acceptor_stop(acceptor);
    ck_assert_int_eq(drained, 0);
    close(client);
    close(peer);
    turn(60);
    ck_assert_int_eq(drained, 1);
    ck_assert_int_lt(loopback_end(waiting), 0);
    close(waiting);
    end();
}
END_TEST

START_TEST(idle_sessions_expire)
{
    int peers[2], clients[2];
    begin("session.idle-timeout=1s", 0);
    clients[0] = connect_client(&peers[0]);
    sessions_expire(rig.view, clock_now());
    turn(10);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 1);
    clock_freeze(clock_now() + 900 * MSEC);
    ck_assert_int_eq(write(clients[0], "x", 1), 1);
    turn(20);
    clock_advance(900 * MSEC);
    sessions_expire(rig.view, clock_now()); /* it was active 900 ms ago */
    ck_assert_uint_eq(atomic_load(&process.limit.open), 1);
    clock_advance(100 * MSEC);
    sessions_expire(rig.view, clock_now());
    ck_assert_uint_eq(atomic_load(&process.limit.open), 0);
    close(clients[0]);
    close(peers[0]);
    end();
}
END_TEST

START_TEST(abort_resets_both_sides)
{
    int peer;
    begin("", 0);
    int client = connect_client(&peer);
    sessions_abort(rig.view);
    ck_assert_int_eq(loopback_end(client), -ECONNRESET);
    ck_assert_int_eq(loopback_end(peer), -ECONNRESET);
    close(client);
    close(peer);
    end();
}
END_TEST

static int unix_pair_listen(struct sockaddr_un *name)
{
    socklen_t length = sizeof *name;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    /* No name given: the kernel makes an abstract one (unix(7), autobind). */
    ck_assert_int_eq(bind(fd, (struct sockaddr *)name, sizeof(sa_family_t)), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)name, &length), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    return fd;
}

static int unix_connect(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    size_t length = sizeof(sa_family_t) + 6; /* autobind: a zero and five digits */
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)name, (socklen_t)length), 0);
    return fd;
}

/* Whichever worker turns first has the client, and the other one finds nothing and does not mind;
 * so does each of them alone. No list of addresses keeps a client of a Unix socket out. */
START_TEST(workers_compete_for_a_unix_socket)
{
    struct sockaddr_un name;
    struct view_rig second;
    int clients[6], peers[6];
    begin("upstream.allow=10.0.0.0/8", 0);
    view_rig_open(&second, "upstream.allow=10.0.0.0/8", &back, 1);
    struct acceptor *other = acceptor_new(&second.loop, &process, on_drained, &drained);
    int fd = unix_pair_listen(&name);
    listener_assign(other, second.view, dup(fd), listener_blank());
    listener_assign(acceptor, rig.view, fd, listener_blank());
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        struct view_rig *first = i % 2 ? &rig : &second, *last = i % 2 ? &second : &rig;
        clients[i] = unix_connect(&name);
        loop_for(&first->loop, 20);
        ck_assert_uint_eq(atomic_load(&first->upstream->limit.open), i / 2 + 1);
        loop_for(&last->loop, 20);
        ck_assert_uint_eq(atomic_load(&process.limit.open), i + 1);
        peers[i] = loopback_accept(backend);
        ck_assert_int_ge(peers[i], 0);
    }
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        close(clients[i]);
        close(peers[i]);
    }
    turn(20);
    loop_for(&second.loop, 20);
    acceptor_free(other);
    view_free(second.view);
    upstream_unref(second.upstream);
    config_unref(second.config);
    loop_clear(&second.loop);
    end();
}
END_TEST

/* A burst is not for the worker that woke first alone: it takes one client a turn. */
START_TEST(a_turn_takes_one_client_of_a_unix_socket)
{
    struct sockaddr_un name;
    int clients[3];
    begin("", 0);
    listener_assign(acceptor, rig.view, unix_pair_listen(&name), listener_blank());
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        clients[i] = unix_connect(&name);
    for (size_t i = 0; i < COUNT_OF(clients); i++) {
        ck_assert_uint_eq(atomic_load(&process.limit.open), i);
        loop_turn(&rig.loop, -1);
    }
    turn(20);
    ck_assert_uint_eq(atomic_load(&process.limit.open), COUNT_OF(clients));
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        close(clients[i]);
    end();
}
END_TEST

/* A lone client is taken without asking whether there is another; of a crowd each turn takes twice
 * as many as the one before it, up to 16. */
START_TEST(a_crowd_is_taken_in_growing_batches)
{
    static const size_t after_turn[] = {1, 3, 7, 15, 31, 40};
    int clients[40];
    begin("", 0);
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        clients[i] = loopback_connect(&front);
    for (size_t i = 0; i < COUNT_OF(after_turn); i++) {
        loop_turn(&rig.loop, -1);
        ck_assert_uint_eq(atomic_load(&process.limit.open), after_turn[i]);
    }
    for (size_t i = 0; i < COUNT_OF(clients); i++)
        loopback_reset(clients[i]);
    turn(30);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 0);
    end();
}
END_TEST

/* Nobody waits any more where the other end of a Unix socket is closed, unless it left bytes. */
START_TEST(a_unix_client_may_leave_while_it_is_dialled_for)
{
    struct sockaddr_un name;
    begin("", 0);
    listener_assign(acceptor, rig.view, unix_pair_listen(&name), listener_blank());
    view_rig_use(&rig, plain_set(rig.view->set, NULL, 0));
    int silent = unix_connect(&name), talking = unix_connect(&name);
    ck_assert_int_eq(write(talking, "last words", 10), 10);
    turn(30);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 2);
    close(silent);
    close(talking);
    turn(30);
    ck_assert_uint_eq(atomic_load(&process.limit.open), 1);
    view_rig_use(&rig, plain_set(rig.view->set, &back, 1));
    turn(30);
    char bytes[16];
    int peer = loopback_accept(backend);
    ck_assert_int_eq(read(peer, bytes, sizeof bytes), 10);
    ck_assert_int_eq(loopback_end(peer), 0);
    close(peer);
    turn(20);
    end();
}
END_TEST

/* Clients of other hosts may vanish without a word; those of this host cannot. */
START_TEST(clients_of_other_hosts_are_probed)
{
    static const char *const rows[] = {"0.0.0.0", "127.0.0.1"};
    begin("upstream.allow=127.0.0.0/8 session.user-timeout=10s", 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct listen here = {.optional = false};
        int keepalive = -1, idle = -1;
        socklen_t length = sizeof keepalive;
        ck_assert(address_parse_ip(rows[i], 0, &here.address));
        int fd = listener_open(&here, false);
        listener_assign(acceptor, rig.view, fd, listener_blank());
        getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &keepalive, &length);
        getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &length);
        ck_assert_int_eq(keepalive, i == 0);
        ck_assert_int_eq(idle == 4, i == 0);
    }
    end();
}
END_TEST

/* A socket for both families, as it may be handed over: an IPv4 client is one. */
START_TEST(ipv4_over_an_ipv6_socket)
{
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    socklen_t length = sizeof name;
    int off = 0, fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return; /* a host without IPv6 */
    begin("", 0);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&name, length), 0);
    ck_assert_int_eq(listen(fd, 16), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name, &length), 0);
    listener_assign(acceptor, rig.view, fd, listener_blank());
    address_set_port(&front, ntohs(name.sin6_port));
    int peer, client = connect_client(&peer);
    ck_assert_int_ge(peer, 0); /* loopback, which may connect without a list */
    close(client);
    close(peer);
    turn(20);
    end();
}
END_TEST

START_TEST(words_of_ends)
{
    for (int reason = SESSION_CLOSED; reason <= SESSION_MAX_AGE; reason++)
        ck_assert_uint_gt(strlen(session_end_name((enum session_end)reason)), 3);
    ck_assert_str_eq(session_end_name(SESSION_LOCAL_FAULT), "local-fault");
    ck_assert_str_eq(session_end_name(SESSION_MAX_AGE), "max-age");
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, a_session_carries_and_ends);
    tcase_add_test(cases, resets_are_carried);
    tcase_add_test(cases, who_cannot_be_served_is_reset);
    tcase_add_test(cases, a_client_may_leave_while_it_is_dialled_for);
    tcase_add_test(cases, allow_decides_who_may_connect);
    tcase_add_test(cases, the_limit_of_the_process);
    tcase_add_test(cases, the_limit_of_an_upstream);
    tcase_add_test(cases, descriptors_run_out_and_come_back);
    tcase_add_test(cases, stop_lets_sessions_finish);
    tcase_add_test(cases, stop_without_sessions_is_drained_at_once);
    tcase_add_test(cases, stop_while_resting);
    tcase_add_test(cases, idle_sessions_expire);
    tcase_add_test(cases, abort_resets_both_sides);
    tcase_add_test(cases, workers_compete_for_a_unix_socket);
    tcase_add_test(cases, a_turn_takes_one_client_of_a_unix_socket);
    tcase_add_test(cases, a_crowd_is_taken_in_growing_batches);
    tcase_add_test(cases, a_unix_client_may_leave_while_it_is_dialled_for);
    tcase_add_test(cases, clients_of_other_hosts_are_probed);
    tcase_add_test(cases, ipv4_over_an_ipv6_socket);
    tcase_add_test(cases, words_of_ends);
}

int main(void)
{
    return suite_run("proxy/listener", add);
}
