#ifndef REDIAL_ADMIN_HEAD_H
#define REDIAL_ADMIN_HEAD_H

#include <stddef.h>

/* The longest head of a request (its first line, its header lines and the empty one), and the
 * longest body, in bytes. */
#define HEAD_MOST 8192
#define HEAD_BODY_MOST 4096

/* Where the first line's words are, in the bytes that were looked at. */
struct head {
    const char *method, *target;
    size_t method_length, target_length;
};

/* Looks at the beginning of a request (RFC 9112), strictly: what it lets through has one meaning,
 * and evhttp, which reads it next, finds no fault with it. Of header lines it judges what says
 * where the request ends and whom it is for; each of those stands there once at the most. Returns
 * the head's length with *ret_head filled in; 0 where more is to come; or, as soon as something is
 * wrong, the HTTP status of the refusal, negative, with *ret_why, a line for a person. */
int head_check(const char *bytes, size_t length, struct head *ret_head, const char **ret_why);

#endif
