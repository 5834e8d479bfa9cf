#include "dns_script.h"

#include "client.h"
#include "die.h"
#include "moment.h"
#include "port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <event2/util.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

enum { DNS_NAME_SIZE = 256, DNS_ADDRESSES_MAX = 64, DNS_CHAIN_MAX = 8, DNS_SERVICES_SIZE = 1024 };

/* Return codes of RFC 1035, and one that means no answer at all. */
enum { DNS_CODE_NXDOMAIN = 3, DNS_CODE_SERVFAIL = 2, DNS_CODE_REFUSED = 5, DNS_CODE_DROP = -1 };

struct dns_records {
    bool known; /* records or an answer were set */
    enum dns_answer answer;
    unsigned ttl;
    int count;
    unsigned char addresses[DNS_ADDRESSES_MAX * 16];
    char services[DNS_SERVICES_SIZE]; /* of SRV, as they were set */
    int delay_ms;
    int64_t *times_us; /* of the queries */
    size_t queries;
    size_t room;
};

struct dns_name {
    LIST_ENTRY(dns_name) link;
    char name[DNS_NAME_SIZE];
    char target[DNS_NAME_SIZE]; /* of an alias, or "" */
    unsigned target_ttl;
    struct dns_records a;
    struct dns_records aaaa;
    struct dns_records srv;
};

/* A request whose answer leaves later. */
struct dns_held {
    LIST_ENTRY(dns_held) link;
    struct dns_script *dns;
    struct evdns_server_request *request;
    struct event *timer;
    int code;
};

LIST_HEAD(dns_name_list, dns_name);
LIST_HEAD(dns_held_list, dns_held);

/* The loop belongs to the thread alone; what a test sets and counts lies under the lock. */
struct dns_script {
    pthread_t thread;
    struct event_base *base;
    struct evdns_server_port *server;
    struct event *stop_event;
    int stop_fd;
    struct dns_held_list held;
    uint16_t port;
    char address[64];

    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct dns_name_list names;
    size_t queries;
    bool all_set;
    enum dns_answer all;
};

static struct dns_name *dns_find(struct dns_script *dns, const char *name)
{
    struct dns_name *entry;
    LIST_FOREACH(entry, &dns->names, link)
    {
        if (strcasecmp(entry->name, name) == 0) {
            return entry;
        }
    }
    return NULL;
}

static struct dns_name *dns_make(struct dns_script *dns, const char *name)
{
    struct dns_name *entry = dns_find(dns, name);
    if (entry == NULL) {
        entry = must_calloc(1, sizeof(*entry));
        snprintf(entry->name, sizeof(entry->name), "%s", name);
        LIST_INSERT_HEAD(&dns->names, entry, link);
    }
    return entry;
}

static struct dns_records *dns_records_of(struct dns_name *entry, enum dns_type type)
{
    return type == DNS_A ? &entry->a : type == DNS_AAAA ? &entry->aaaa : &entry->srv;
}

static bool dns_is_known(const struct dns_name *entry)
{
    return entry != NULL &&
           (entry->target[0] != '\0' || entry->a.known || entry->aaaa.known || entry->srv.known);
}

static void dns_note_query(struct dns_script *dns, const char *name, enum dns_type type)
{
    struct dns_records *records = dns_records_of(dns_make(dns, name), type);
    if (records->queries == records->room) {
        records->room = records->room * 2 + 16;
        records->times_us = realloc(records->times_us, records->room * sizeof(int64_t));
        if (records->times_us == NULL) {
            die("no memory for query times");
        }
    }
    records->times_us[records->queries++] = moment_us();
}

static int dns_code_of(enum dns_answer answer)
{
    switch (answer) {
    case DNS_ANSWER_NXDOMAIN:
        return DNS_CODE_NXDOMAIN;
    case DNS_ANSWER_SERVFAIL:
        return DNS_CODE_SERVFAIL;
    case DNS_ANSWER_REFUSED:
        return DNS_CODE_REFUSED;
    case DNS_ANSWER_SILENCE:
        return DNS_CODE_DROP;
    default:
        return 0;
    }
}

/* Writes a name as it goes over the wire (RFC 1035 3.1): its length. */
static size_t dns_encode_name(const char *name, unsigned char *bytes)
{
    size_t length = 0;
    while (*name != '\0' && strcmp(name, ".") != 0) {
        size_t label = strcspn(name, ".");
        bytes[length++] = (unsigned char)label;
        memcpy(bytes + length, name, label);
        length += label;
        name += label + (name[label] == '.');
    }
    bytes[length++] = 0;
    return length;
}

static void dns_add_services(struct evdns_server_request *request, const char *name,
                             const struct dns_records *records)
{
    char copy[DNS_SERVICES_SIZE];
    char *rest = copy;
    memcpy(copy, records->services, sizeof(copy));
    for (char *one; (one = strsep(&rest, ",")) != NULL;) {
        unsigned port = 0;
        unsigned priority = 0;
        unsigned weight = 0;
        char *numbers = strchr(one, ':');
        if (*one == '\0') {
            continue;
        }
        if (numbers != NULL) {
            *numbers++ = '\0';
            if (sscanf(numbers, "%u/%u/%u", &port, &priority, &weight) != 3) {
                die("DNS server: bad SRV records: %s", records->services);
            }
        }
        uint16_t fixed[3] = {htons((uint16_t)priority), htons((uint16_t)weight),
                             htons((uint16_t)port)};
        unsigned char data[sizeof(fixed) + DNS_NAME_SIZE + 1];
        memcpy(data, fixed, sizeof(fixed));
        size_t length = sizeof(fixed) + dns_encode_name(one, data + sizeof(fixed));
        evdns_server_request_add_reply(request, EVDNS_ANSWER_SECTION, name, DNS_SRV,
                                       EVDNS_CLASS_INET, (int)records->ttl, (int)length, 0,
                                       (const char *)data);
    }
}

static void dns_add_addresses(struct evdns_server_request *request, const char *name,
                              const struct dns_records *records, enum dns_type type)
{
    if (records->answer != DNS_ANSWER_RECORDS || records->count == 0) {
        return;
    }
    for (int i = 0; i < records->count; i++) { /* n addresses in one call would be one record */
        if (type == DNS_A) {
            evdns_server_request_add_a_reply(request, name, 1, records->addresses + i * 4,
                                             (int)records->ttl);
        } else {
            evdns_server_request_add_aaaa_reply(request, name, 1, records->addresses + i * 16,
                                                (int)records->ttl);
        }
    }
}

/* Fills the request's answer from what is set: the return code or DNS_CODE_DROP. */
static int dns_fill(struct dns_script *dns, struct evdns_server_request *request, const char *name,
                    enum dns_type type, int *delay_ms)
{
    if (dns->all_set) {
        return dns_code_of(dns->all);
    }
    struct dns_name *entry = dns_find(dns, name);
    if (dns_is_known(entry)) {
        *delay_ms = dns_records_of(entry, type)->delay_ms;
    }
    const char *owner = name;
    for (int links = 0; links < DNS_CHAIN_MAX && dns_is_known(entry); links++) {
        const struct dns_records *records = dns_records_of(entry, type);
        int code = dns_code_of(records->answer);
        if (code != 0) {
            return code;
        }
        if (entry->target[0] == '\0' && type == DNS_SRV) {
            if (records->answer == DNS_ANSWER_RECORDS) {
                dns_add_services(request, owner, records);
            }
            return 0;
        }
        if (entry->target[0] == '\0') {
            dns_add_addresses(request, owner, records, type);
            return 0;
        }
        evdns_server_request_add_cname_reply(request, owner, entry->target, (int)entry->target_ttl);
        owner = entry->target;
        entry = dns_find(dns, owner);
    }
    return DNS_CODE_NXDOMAIN;
}

static void dns_send(struct evdns_server_request *request, int code)
{
    if (code == DNS_CODE_DROP) {
        evdns_server_request_drop(request);
    } else {
        evdns_server_request_respond(request, code);
    }
}

static void dns_held_free(struct dns_held *held)
{
    LIST_REMOVE(held, link);
    event_free(held->timer);
    free(held);
}

static void dns_on_held(evutil_socket_t fd, short what, void *context)
{
    struct dns_held *held = context;
    (void)fd;
    (void)what;
    dns_send(held->request, held->code);
    dns_held_free(held);
}

static void dns_hold(struct dns_script *dns, struct evdns_server_request *request, int code, int ms)
{
    struct timeval delay = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    struct dns_held *held = must_calloc(1, sizeof(*held));
    held->dns = dns;
    held->request = request;
    held->code = code;
    held->timer = evtimer_new(dns->base, dns_on_held, held);
    if (held->timer == NULL) {
        die("no memory for a timer");
    }
    LIST_INSERT_HEAD(&dns->held, held, link);
    evtimer_add(held->timer, &delay);
}

static void dns_on_request(struct evdns_server_request *request, void *context)
{
    struct dns_script *dns = context;
    const struct evdns_server_question *question =
        request->nquestions == 1 ? request->questions[0] : NULL;
    int code = 0;
    int delay_ms = 0;

    pthread_mutex_lock(&dns->lock);
    dns->queries++;
    if (question == NULL) {
        code = DNS_CODE_REFUSED;
    } else if (question->type == DNS_A || question->type == DNS_AAAA || question->type == DNS_SRV) {
        enum dns_type type = (enum dns_type)question->type;
        dns_note_query(dns, question->name, type);
        code = dns_fill(dns, request, question->name, type, &delay_ms);
    } else if (!dns_is_known(dns_find(dns, question->name))) {
        code = DNS_CODE_NXDOMAIN;
    }
    pthread_cond_broadcast(&dns->changed);
    pthread_mutex_unlock(&dns->lock);

    if (delay_ms > 0) {
        dns_hold(dns, request, code, delay_ms);
    } else {
        dns_send(request, code);
    }
}

static void dns_on_stop(evutil_socket_t fd, short what, void *context)
{
    struct dns_script *dns = context;
    (void)fd;
    (void)what;
    event_base_loopbreak(dns->base);
}

static void *dns_run(void *context)
{
    struct dns_script *dns = context;
    event_base_dispatch(dns->base);
    return NULL;
}

static void dns_open(struct dns_script *dns, const char *ip, uint16_t port)
{
    struct sockaddr_storage address;
    bool ip6 = strchr(ip, ':') != NULL;
    snprintf(dns->address, sizeof(dns->address), ip6 ? "[%s]:%u" : "%s:%u", ip, port);
    socklen_t size = client_parse_address(dns->address, &address);
    int fd = socket(address.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (size == 0 || fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0) {
        die("DNS server: cannot bind %s", dns->address);
    }
    dns->port = port;
    dns->server = evdns_add_server_port_with_base(dns->base, fd, 0, dns_on_request, dns);
    if (dns->server == NULL) {
        die("DNS server: libevent refuses %s", dns->address);
    }
}

struct dns_script *dns_script_start(const char *ip, uint16_t port)
{
    struct dns_script *dns = must_calloc(1, sizeof(*dns));
    pthread_condattr_t attributes;
    pthread_mutex_init(&dns->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&dns->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    LIST_INIT(&dns->names);
    LIST_INIT(&dns->held);
    dns->base = event_base_new();
    dns->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (dns->base == NULL || dns->stop_fd < 0) {
        die("DNS server: no event loop");
    }
    dns_open(dns, ip != NULL ? ip : "127.0.0.1", port != 0 ? port : port_reserve());
    dns->stop_event = event_new(dns->base, dns->stop_fd, EV_READ, dns_on_stop, dns);
    if (dns->stop_event == NULL || event_add(dns->stop_event, NULL) != 0 ||
        pthread_create(&dns->thread, NULL, dns_run, dns) != 0) {
        die("DNS server: no thread");
    }
    return dns;
}

void dns_script_stop(struct dns_script *dns)
{
    if (dns == NULL) {
        return;
    }
    eventfd_write(dns->stop_fd, 1);
    pthread_join(dns->thread, NULL);
    while (!LIST_EMPTY(&dns->held)) {
        struct dns_held *held = LIST_FIRST(&dns->held);
        evdns_server_request_drop(held->request);
        dns_held_free(held);
    }
    evdns_close_server_port(dns->server);
    event_free(dns->stop_event);
    event_base_free(dns->base);
    close(dns->stop_fd);
    while (!LIST_EMPTY(&dns->names)) {
        struct dns_name *entry = LIST_FIRST(&dns->names);
        LIST_REMOVE(entry, link);
        free(entry->a.times_us);
        free(entry->aaaa.times_us);
        free(entry->srv.times_us);
        free(entry);
    }
    pthread_cond_destroy(&dns->changed);
    pthread_mutex_destroy(&dns->lock);
    free(dns);
}

const char *dns_script_address(const struct dns_script *dns)
{
    return dns->address;
}

uint16_t dns_script_port(const struct dns_script *dns)
{
    return dns->port;
}

/* Parses a list with commas into network order: how many. */
static int dns_parse_addresses(const char *text, enum dns_type type, unsigned char *bytes)
{
    int family = type == DNS_A ? AF_INET : AF_INET6;
    size_t size = type == DNS_A ? 4 : 16;
    int count = 0;
    char *copy = must_copy(text);
    char *rest = copy;
    for (char *one; (one = strsep(&rest, ",")) != NULL;) {
        if (*one == '\0') {
            continue;
        }
        if (count == DNS_ADDRESSES_MAX ||
            inet_pton(family, one, bytes + (size_t)count * size) != 1) {
            die("DNS server: bad or too many addresses: %s", text);
        }
        count++;
    }
    free(copy);
    return count;
}

void dns_script_set(struct dns_script *dns, const char *name, enum dns_type type, const char *text,
                    unsigned ttl)
{
    pthread_mutex_lock(&dns->lock);
    struct dns_records *records = dns_records_of(dns_make(dns, name), type);
    records->known = true;
    records->answer = DNS_ANSWER_RECORDS;
    records->ttl = ttl;
    if (type == DNS_SRV) {
        snprintf(records->services, sizeof(records->services), "%s", text);
    } else {
        records->count = dns_parse_addresses(text, type, records->addresses);
    }
    pthread_mutex_unlock(&dns->lock);
}

void dns_script_set_alias(struct dns_script *dns, const char *owner, const char *target,
                          unsigned ttl)
{
    pthread_mutex_lock(&dns->lock);
    struct dns_name *entry = dns_make(dns, owner);
    snprintf(entry->target, sizeof(entry->target), "%s", target);
    entry->target_ttl = ttl;
    pthread_mutex_unlock(&dns->lock);
}

void dns_script_set_answer(struct dns_script *dns, const char *name, enum dns_type type,
                           enum dns_answer answer)
{
    pthread_mutex_lock(&dns->lock);
    struct dns_records *records = dns_records_of(dns_make(dns, name), type);
    records->known = true;
    records->answer = answer;
    pthread_mutex_unlock(&dns->lock);
}

void dns_script_set_all(struct dns_script *dns, enum dns_answer answer)
{
    pthread_mutex_lock(&dns->lock);
    dns->all_set = answer != DNS_ANSWER_RECORDS;
    dns->all = answer;
    pthread_mutex_unlock(&dns->lock);
}

void dns_script_set_delay(struct dns_script *dns, const char *name, enum dns_type type, int ms)
{
    pthread_mutex_lock(&dns->lock);
    dns_records_of(dns_make(dns, name), type)->delay_ms = ms;
    pthread_mutex_unlock(&dns->lock);
}

static void dns_records_forget(struct dns_records *records)
{
    records->known = false;
    records->answer = DNS_ANSWER_RECORDS;
    records->count = 0;
    records->services[0] = '\0';
    records->delay_ms = 0;
}

void dns_script_remove(struct dns_script *dns, const char *name)
{
    pthread_mutex_lock(&dns->lock);
    struct dns_name *entry = dns_make(dns, name);
    entry->target[0] = '\0';
    dns_records_forget(&entry->a);
    dns_records_forget(&entry->aaaa);
    dns_records_forget(&entry->srv);
    pthread_mutex_unlock(&dns->lock);
}

size_t dns_script_count(struct dns_script *dns, const char *name, enum dns_type type)
{
    pthread_mutex_lock(&dns->lock);
    struct dns_name *entry = dns_find(dns, name);
    size_t count = entry != NULL ? dns_records_of(entry, type)->queries : 0;
    pthread_mutex_unlock(&dns->lock);
    return count;
}

size_t dns_script_count_all(struct dns_script *dns)
{
    pthread_mutex_lock(&dns->lock);
    size_t count = dns->queries;
    pthread_mutex_unlock(&dns->lock);
    return count;
}

size_t dns_script_times(struct dns_script *dns, const char *name, enum dns_type type,
                        int64_t *times_us, size_t size)
{
    size_t count = 0;
    pthread_mutex_lock(&dns->lock);
    struct dns_name *entry = dns_find(dns, name);
    if (entry != NULL) {
        const struct dns_records *records = dns_records_of(entry, type);
        count = records->queries < size ? records->queries : size;
        memcpy(times_us, records->times_us, count * sizeof(*times_us));
    }
    pthread_mutex_unlock(&dns->lock);
    return count;
}

bool dns_script_wait(struct dns_script *dns, const char *name, enum dns_type type, size_t count,
                     int ms)
{
    struct timespec end = moment_deadline(ms);
    bool timed_out = false;
    pthread_mutex_lock(&dns->lock);
    struct dns_records *records = dns_records_of(dns_make(dns, name), type);
    while (records->queries < count && !timed_out) {
        timed_out = pthread_cond_timedwait(&dns->changed, &dns->lock, &end) == ETIMEDOUT;
    }
    bool reached = records->queries >= count;
    pthread_mutex_unlock(&dns->lock);
    return reached;
}
