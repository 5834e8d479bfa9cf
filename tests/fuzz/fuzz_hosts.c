/* The text of a hosts file. The first byte chooses the name that is looked for. */
#include "discovery/hosts.h"

#include <arpa/inet.h>
#include <string.h>

#include "answer_check.h"
#include "input.h"
#include "memory_file.h"
#include "target.h"

static const char *const names[] = {"name.test", "localhost", "a", "127.0.0.1"};

static bool ask(const struct input *text, const char *name, enum dns_type type,
                struct answer *ret_answer)
{
    static struct memory_file file;
    memory_file_write(&file, text);
    struct hosts *hosts = hosts_new(file.path);
    expect(hosts);
    bool known = hosts_answer(hosts, name, type, ret_answer);
    hosts_free(hosts);
    return known;
}

static void write_host(FILE *stream, const struct address *address, const char *name)
{
    char ip[INET6_ADDRSTRLEN];
    if (address->family == AF_INET)
        inet_ntop(AF_INET, &address->in.sin_addr, ip, sizeof ip);
    else
        inet_ntop(AF_INET6, &address->in6.sin6_addr, ip, sizeof ip);
    fputs(ip, stream);
    if (address->family == AF_INET6 && address->in6.sin6_scope_id != 0)
        fprintf(stream, "%%%u", address->in6.sin6_scope_id);
    fprintf(stream, "\t%s\n", name);
}

/* A file that says in other words what the answer says gives the same answer. */
static void check_rewritten(const struct answer *answer, const char *name, enum dns_type type)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    struct answer again;
    expect(stream);
    for (size_t i = answer->count; i-- > 0;) {
        const struct address address = record_address(&answer->records[i]);
        write_host(stream, &address, name);
    }
    expect(fclose(stream) == 0);
    struct input rewritten = {(const uint8_t *)text, size};
    expect(ask(&rewritten, name, type, &again));
    answer_check_same(answer, &again);
    answer_clear(&again);
    free(text);
}

/* Returns how many addresses there are, or -1 where the name is not known. */
static int check_type(const struct input *text, const char *name, enum dns_type type)
{
    struct answer answer;
    if (!ask(text, name, type, &answer))
        return -1;
    answer_check(&answer, type);
    expect(answer.outcome == ANSWER_RECORDS || answer.outcome == ANSWER_EMPTY);
    expect(answer.ttl == HOSTS_TTL && !answer.truncated);
    int count = (int)answer.count;
    if (count > 0)
        check_rewritten(&answer, name, type);
    answer_check_clear(&answer);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input text = {data, size};
    size_t choice = input_byte(&text);
    if (choice >= COUNT_OF(names))
        return 0;
    const char *name = names[choice];
    int a = check_type(&text, name, DNS_TYPE_A);
    int aaaa = check_type(&text, name, DNS_TYPE_AAAA);
    expect((a < 0) == (aaaa < 0)); /* known is known, whatever was asked */
    return 0;
}
