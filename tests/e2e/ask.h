/* Requests to the admin interface of a daemon, in two halves or in one. */
#ifndef E2E_ASK_H
#define E2E_ASK_H

/* Connects to "unix:/path" or "127.0.0.1:PORT" and sends the beginning of a request, such as
 * "GET /readyz". Returns the descriptor. */
int ask_begin(const char *admin, const char *half);

/* Sends the rest, and reads the answer: its status must be this, and each word of a list with '|'
 * between must be in it (NULL: none). Closes. */
void ask_end(int fd, int status, const char *words);

/* The whole of it. */
void ask(const char *admin, const char *request, int status, const char *words);

#endif
