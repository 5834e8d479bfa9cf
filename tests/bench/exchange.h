#ifndef REDIAL_BENCH_EXCHANGE_H
#define REDIAL_BENCH_EXCHANGE_H

/* What load and origin say to each other: one HTTP/1.1 request, which asks for a body of so many
 * bytes, and one response. The response's head has a fixed length, so that the load counts bytes
 * and need not parse. */
#define REQUEST_FORMAT "GET /%" PRIu64 " HTTP/1.1\r\nHost: origin\r\n%s\r\n"
#define REQUEST_CLOSE "Connection: close\r\n"
#define REQUEST_MAX 512

#define RESPONSE_FORMAT "HTTP/1.1 200 OK\r\nContent-Length: %020" PRIu64 "\r\n\r\n"
#define RESPONSE_BEGIN "HTTP/1.1 200 OK\r\n"
#define RESPONSE_HEAD_SIZE ((size_t)57)

#endif
