#include "admin/head.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct scan {
    struct head *head;
    const char **why;
    bool old; /* HTTP/1.0, which knows no Host */
    bool has_host, has_origin, has_length, has_expect;
};

static int refuse(const struct scan *scan, int status, const char *why)
{
    *scan->why = why;
    return -status;
}

/* --- characters ------------------------------------------------------------------------------- */

/* RFC 9110 §5.6.2 */
static bool is_token(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] >= 127 || strchr("\"(),/:;<=>?@[\\]{}", text[i]))
            return false;
    return length > 0;
}

static bool is_control(char c)
{
    return ((unsigned char)c < ' ' && c != '\t') || c == 127;
}

/* What no line of a head may hold, also where its end has not come yet: so a client that speaks
 * TLS, for example, is told at once. A carriage return may be the last byte. */
static bool has_control(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (is_control(line[i]) && !(line[i] == '\r' && i + 1 == length))
            return true;
    return false;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return length == strlen(word) && strncasecmp(text, word, length) == 0;
}

/* --- the first line --------------------------------------------------------------------------- */

/* A path, or an address with one (absolute-form); `*` and the target of CONNECT are whole words. */
static bool is_target(const char *target, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (target[i] <= ' ' || target[i] >= 127)
            return false;
    return length > 0 && !(length > 1 && memcmp(target, "//", 2) == 0) &&
           !memmem(target, length, "%00", 3);
}

static int check_version(struct scan *scan, const char *version, size_t length)
{
    if (length < 5 || memcmp(version, "HTTP/", 5) != 0 || memchr(version, ' ', length))
        return refuse(scan, 400, "the first line does not end with HTTP/1.1: this is no HTTP");
    scan->old = length == 8 && memcmp(version, "HTTP/1.0", 8) == 0;
    if (!scan->old && (length != 8 || memcmp(version, "HTTP/1.1", 8) != 0))
        return refuse(scan, 505, "this version of HTTP is not spoken here: ask in HTTP/1.1");
    return 0;
}

static int check_first_line(struct scan *scan, const char *line, size_t length)
{
    struct head *head = scan->head;
    const char *end = line + length, *gap = memchr(line, ' ', length);
    if (!gap || !is_token(line, (size_t)(gap - line)))
        return refuse(scan, 400, "the first line does not begin with a method, such as GET");
    head->method = line;
    head->method_length = (size_t)(gap - line);
    head->target = gap + 1;
    gap = memchr(head->target, ' ', (size_t)(end - head->target));
    if (!gap)
        return refuse(scan, 400, "the first line is not METHOD PATH HTTP/1.1");
    head->target_length = (size_t)(gap - head->target);
    if (!is_target(head->target, head->target_length))
        return refuse(scan, 400, "the path holds what none does, or there is none");
    return check_version(scan, gap + 1, (size_t)(end - gap - 1));
}

/* --- header lines ----------------------------------------------------------------------------- */

static int check_once(struct scan *scan, bool *seen, const char *why)
{
    int result = *seen ? refuse(scan, 400, why) : 0;
    *seen = true;
    return result;
}

static int check_length(struct scan *scan, const char *value, size_t length)
{
    size_t number = 0;
    if (length == 0)
        return refuse(scan, 400, "Content-Length is no number");
    for (size_t i = 0; i < length; i++) {
        if (value[i] < '0' || value[i] > '9')
            return refuse(scan, 400, "Content-Length is no number");
        if (number <= HEAD_BODY_MOST)
            number = number * 10 + (size_t)(value[i] - '0');
    }
    if (number > HEAD_BODY_MOST)
        return refuse(scan, 413, "the body is too long: send none, it is not read");
    return check_once(scan, &scan->has_length, "there are two Content-Length headers");
}

static int check_value(struct scan *scan, const char *name, size_t name_length, const char *value,
                       size_t length)
{
    if (is_word(name, name_length, "Host"))
        return check_once(scan, &scan->has_host, "there are two Host headers");
    if (is_word(name, name_length, "Origin"))
        return check_once(scan, &scan->has_origin, "there are two Origin headers");
    if (is_word(name, name_length, "Content-Length"))
        return check_length(scan, value, length);
    if (is_word(name, name_length, "Transfer-Encoding"))
        return refuse(scan, 411, "a body in pieces is not taken: send none, it is not read");
    if (is_word(name, name_length, "Expect") && !is_word(value, length, "100-continue"))
        return refuse(scan, 417, "of Expect only 100-continue is known: leave it out");
    if (is_word(name, name_length, "Expect"))
        return check_once(scan, &scan->has_expect, "there are two Expect headers");
    return 0;
}

static int check_header(struct scan *scan, const char *line, size_t length)
{
    const char *colon = memchr(line, ':', length), *value = colon ? colon + 1 : NULL;
    if (!colon || !is_token(line, (size_t)(colon - line)))
        return refuse(scan, 400, "a header line is not NAME: VALUE");
    size_t left = length - (size_t)(value - line);
    while (left > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        left--;
    }
    while (left > 0 && (value[left - 1] == ' ' || value[left - 1] == '\t'))
        left--;
    return check_value(scan, line, (size_t)(colon - line), value, left);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* Looks at one line. Returns how many bytes it has, with `*ret_last` true for the empty one that
 * ends the head; 0 where its end has not come; or a refusal. */
static int check_line(struct scan *scan, const char *line, size_t left, bool first, bool *ret_last)
{
    const char *end = memchr(line, '\n', left);
    size_t length = end ? (size_t)(end - line) : left;
    if (has_control(line, length))
        return refuse(scan, 400, "there are control bytes in the request: this is no HTTP");
    if (!end)
        return 0;
    if (length > 0 && line[length - 1] == '\r')
        length--;
    *ret_last = length == 0 && !first;
    int result = *ret_last ? 0
                 : first   ? check_first_line(scan, line, length)
                           : check_header(scan, line, length);
    return result < 0 ? result : (int)(end + 1 - line);
}

int head_check(const char *bytes, size_t length, struct head *ret_head, const char **ret_why)
{
    struct scan scan = {.head = ret_head, .why = ret_why};
    size_t seen = length < HEAD_MOST ? length : HEAD_MOST, at = 0;
    bool last = false;
    *ret_head = (struct head){0};
    while (!last) {
        int result = at < seen ? check_line(&scan, bytes + at, seen - at, at == 0, &last) : 0;
        if (result < 0)
            return result;
        if (result == 0)
            return length > seen ? refuse(&scan, 431, "the headers are longer than 8 KiB") : 0;
        at += (size_t)result;
    }
    if (!scan.old && !scan.has_host)
        return refuse(&scan, 400, "the Host header is missing, which HTTP/1.1 demands");
    return (int)at;
}
