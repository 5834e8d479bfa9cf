/* A blocking TCP client with time limits, over a plain descriptor. No call ever blocks longer than
 * its limit, and none raises SIGPIPE. Errors are -errno; -ETIMEDOUT when the limit ran out. */
#ifndef TESTLIB_CLIENT_H
#define TESTLIB_CLIENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/* Connects to "127.0.0.1:3001", "[::1]:3001" or "unix:/path". Returns a non-blocking descriptor,
 * which the caller closes, or -errno. */
int client_connect(const char *address, int ms);

/* The same from a given local address ("127.0.0.7"; NULL: the kernel's choice). */
int client_connect_from(const char *source, const char *address, int ms);

/* Starts a connect and does not wait for its end. receive_buffer > 0 sets SO_RCVBUF first.
 * Returns a descriptor or -errno. */
int client_connect_start(const char *address, int receive_buffer);

/* Makes a socket take little at a time (small segments and a small receive buffer), so that who
 * sends to it is stalled after some 100 kB and not after megabytes. Before connect(2) or listen(2);
 * what a listening socket accepts inherits it. */
void client_make_narrow(int fd);

/* client_connect_start with a narrow socket. */
int client_connect_start_narrow(const char *address);

/* Waits until a started connect has ended: 0 or -errno. */
int client_connect_finish(int fd, int ms);

/* Sends all of it: 0 or -errno. */
int client_send(int fd, const void *bytes, size_t length, int ms);

/* Sends until nothing could be sent for quiet_ms (the other side does not read) or limit bytes
 * went: how many bytes went, or -errno. The bytes are those of pattern.h from offset 0. */
int64_t client_send_until_stalled(int fd, uint64_t limit, int quiet_ms);

/* Receives what is there, waiting for the first byte: a count, 0 for the orderly end, -errno. */
ssize_t client_receive(int fd, void *bytes, size_t size, int ms);

/* Receives exactly length bytes: 0; -EPIPE when the end came before; -errno. */
int client_receive_exactly(int fd, void *bytes, size_t length, int ms);

/* Receives up to the orderly end: a count, -EMSGSIZE when more than size came, -errno. */
ssize_t client_receive_all(int fd, void *bytes, size_t size, int ms);

/* Receives one line, without its newline, as a string: 0; -EPIPE when the end came before, -errno.
 * Reads no byte beyond the newline. */
int client_receive_line(int fd, char *line, size_t size, int ms);

/* Sends a line (a newline is added) and receives one: 0 or -errno. */
int client_ask(int fd, const char *line, char *answer, size_t size, int ms);

/* Connects, asks one line, closes: 0 or -errno. */
int client_ask_once(const char *address, const char *line, char *answer, size_t size, int ms);

/* Sends the orderly end (FIN) and keeps receiving possible: 0 or -errno. */
int client_end_sending(int fd);

/* What comes next on the connection, at the latest after ms. */
enum client_next {
    CLIENT_NEXT_END,     /* orderly end */
    CLIENT_NEXT_RESET,   /* a reset */
    CLIENT_NEXT_DATA,    /* a byte, which is left unread */
    CLIENT_NEXT_NOTHING, /* the time limit ran out */
    CLIENT_NEXT_ERROR    /* another error */
};
enum client_next client_next(int fd, int ms);

/* The name of an answer of client_next, for messages. */
const char *client_next_name(enum client_next next);

/* Closes with a reset (RST) in place of an orderly end. */
void client_reset(int fd);

/* Closes; a negative fd is allowed. */
void client_close(int fd);

/* Sets *storage from "127.0.0.1:80", "[::1]:80" or "unix:/path": its length, or 0 when it is not an
 * address. */
socklen_t client_parse_address(const char *address, struct sockaddr_storage *storage);

#endif
