#include "ask.h"

#include "bed.h"

#include <stdio.h>
#include <string.h>

int ask_begin(const char *admin, const char *half)
{
    int fd = client_connect(admin, limit_ms(5000));
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(client_send(fd, half, strlen(half), limit_ms(5000)), 0);
    return fd;
}

void ask_end(int fd, int status, const char *words)
{
    static const char rest[] = " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
    char answer[65536], list[1000] = "", *rest_of_list = list;
    int found = 0;
    ck_assert_int_eq(client_send(fd, rest, strlen(rest), limit_ms(5000)), 0);
    ssize_t length = client_receive_all(fd, answer, sizeof(answer) - 1, limit_ms(8000));
    ck_assert_int_gt(length, 0);
    answer[length] = '\0';
    ck_assert_int_eq(sscanf(answer, "HTTP/1.1 %d", &found), 1);
    ck_assert_msg(found == status, "not %d: %.2000s", status, answer);
    snprintf(list, sizeof(list), "%s", words ? words : "");
    for (char *word; (word = strsep(&rest_of_list, "|")) != NULL;)
        ck_assert_msg(strstr(answer, word) != NULL, "without %s: %.2000s", word, answer);
    client_close(fd);
}

void ask(const char *admin, const char *request, int status, const char *words)
{
    ask_end(ask_begin(admin, request), status, words);
}
