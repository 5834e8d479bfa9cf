#include "config/listen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/compare.h"
#include "suite.h"

START_TEST(one_address)
{
    static const char *const texts[] = {"127.0.0.1:1", "127.0.0.1:65535", "[::1]:3001",
                                        "0.0.0.0:80",  "[::]:80",         "10.1.2.3:9"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct listen listens[LISTEN_EXPANSION_MAX];
        char text[ADDRESS_TEXT_MAX];
        const char *why = "";
        ck_assert_msg(listen_parse(texts[i], listens, &why) == 1, "%s: %s", texts[i], why);
        ck_assert_str_eq(address_format(&listens[0].address, text), texts[i]);
        ck_assert(!listens[0].optional);
        ck_assert_ptr_null(listens[0].path);
    }
}
END_TEST

START_TEST(a_bare_port_is_both_families)
{
    static const char *const texts[] = {"3001", "1", "65535", "080"};
    static const uint16_t ports[] = {3001, 1, 65535, 80};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct listen listens[LISTEN_EXPANSION_MAX];
        const char *why;
        ck_assert_int_eq(listen_parse(texts[i], listens, &why), 2);
        for (int j = 0; j < 2; j++) {
            ck_assert(address_is_loopback(&listens[j].address));
            ck_assert_uint_eq(address_port(&listens[j].address), ports[i]);
            ck_assert_int_eq(listens[j].address.family, j == 0 ? AF_INET : AF_INET6);
            ck_assert_int_eq(listens[j].optional, j == 1); /* a host may lack IPv6 */
        }
    }
}
END_TEST

START_TEST(a_unix_socket)
{
    static const struct {
        const char *text, *path;
        mode_t mode;
        uid_t user;
        gid_t group;
    } rows[] = {
        {"unix:/run/app/db.sock", "/run/app/db.sock", 0660, LISTEN_USER_OWN, LISTEN_GROUP_OWN},
        {"unix:/x mode=0600", "/x", 0600, LISTEN_USER_OWN, LISTEN_GROUP_OWN},
        {"unix:/x  group=7\tmode=777 user=0 ", "/x", 0777, 0, 7},
        {"unix:/x user=root", "/x", 0660, 0, LISTEN_GROUP_OWN},
        {"unix:/x group=root mode=0", "/x", 0, LISTEN_USER_OWN, 0},
        {"unix:/with:colon=and-more", "/with:colon=and-more", 0660, LISTEN_USER_OWN,
         LISTEN_GROUP_OWN},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct listen listens[LISTEN_EXPANSION_MAX];
        char text[LISTEN_TEXT_MAX];
        const char *why = "";
        ck_assert_msg(listen_parse(rows[i].text, listens, &why) == 1, "%s: %s", rows[i].text, why);
        ck_assert(listen_is_unix(&listens[0]));
        ck_assert_str_eq(listens[0].path, rows[i].path);
        ck_assert_uint_eq(listens[0].mode, rows[i].mode);
        ck_assert_uint_eq(listens[0].user, rows[i].user);
        ck_assert_uint_eq(listens[0].group, rows[i].group);
        ck_assert_int_eq(listens[0].address.family, AF_UNSPEC);
        ck_assert_int_eq(strncmp(listen_format(&listens[0], text), "unix:", 5), 0);
        ck_assert_str_eq(text + 5, rows[i].path);
        listen_clear(&listens[0]);
    }
}
END_TEST

START_TEST(the_longest_path)
{
    char text[5 + LISTEN_PATH_MAX + 2] = "unix:/";
    struct listen listens[LISTEN_EXPANSION_MAX];
    char formatted[LISTEN_TEXT_MAX];
    const char *why = "";
    memset(text + 6, 'x', LISTEN_PATH_MAX - 1);
    ck_assert_int_eq(listen_parse(text, listens, &why), 1);
    ck_assert_uint_eq(strlen(listens[0].path), LISTEN_PATH_MAX);
    ck_assert_str_eq(listen_format(&listens[0], formatted), text);
    listen_clear(&listens[0]);
    text[5 + LISTEN_PATH_MAX] = 'x';
    ck_assert_int_eq(listen_parse(text, listens, &why), -EINVAL);
    ck_assert_ptr_nonnull(strstr(why, "107 bytes"));
}
END_TEST

/* Also what systemd makes of a socket unit's name where nobody has given another. */
START_TEST(a_name_that_systemd_hands_over)
{
    static const char *const names[] = {
        "web", "redial.socket", "dev-disk\\x2d1.socket", "app@3001.socket", "a=b", "~"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct listen listens[LISTEN_EXPANSION_MAX];
        char text[LISTEN_TEXT_MAX], formatted[LISTEN_TEXT_MAX];
        const char *why = "";
        snprintf(text, sizeof text, "systemd:%s", names[i]);
        ck_assert_msg(listen_parse(text, listens, &why) == 1, "%s: %s", text, why);
        ck_assert_str_eq(listens[0].name, names[i]);
        ck_assert(listen_is_systemd(&listens[0]) && !listen_is_unix(&listens[0]));
        ck_assert(!listen_is_address(&listens[0]) && !listens[0].optional);
        ck_assert_int_eq(listens[0].address.family, AF_UNSPEC);
        ck_assert_str_eq(listen_format(&listens[0], formatted), text);
        listen_clear(&listens[0]);
    }
}
END_TEST

START_TEST(the_longest_name)
{
    char text[8 + LISTEN_NAME_MAX + 2] = "systemd:", formatted[LISTEN_TEXT_MAX];
    struct listen listens[LISTEN_EXPANSION_MAX];
    const char *why = "";
    memset(text + 8, 'x', LISTEN_NAME_MAX);
    ck_assert_int_eq(listen_parse(text, listens, &why), 1);
    ck_assert_uint_eq(strlen(listens[0].name), LISTEN_NAME_MAX);
    ck_assert_str_eq(listen_format(&listens[0], formatted), text);
    listen_clear(&listens[0]);
    text[8 + LISTEN_NAME_MAX] = 'x';
    ck_assert_int_eq(listen_parse(text, listens, &why), -EINVAL);
    ck_assert_ptr_nonnull(strstr(why, "1 to 255 bytes"));
}
END_TEST

START_TEST(a_copy_has_its_own_text)
{
    static const char *const texts[] = {"127.0.0.1:1", "unix:/x mode=0600 user=0", "systemd:web"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct listen listens[LISTEN_EXPANSION_MAX], copy;
        char text[LISTEN_TEXT_MAX], again[LISTEN_TEXT_MAX];
        const char *why = "";
        ck_assert_int_eq(listen_parse(texts[i], listens, &why), 1);
        ck_assert(listen_copy(&copy, &listens[0]));
        ck_assert(listen_equal(&copy, &listens[0]));
        listen_format(&listens[0], text);
        listen_clear(&listens[0]);
        ck_assert_str_eq(listen_format(&copy, again), text);
        listen_clear(&copy);
        listen_clear(&copy); /* twice is harmless */
    }
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        const char *text, *why; /* a part of it */
    } rows[] = {
        {"", "port"},
        {"0", "1 to 65535"},
        {"65536", "1 to 65535"},
        {"99999999999999999999", "1 to 65535"},
        {"127.0.0.1:0", "1 to 65535"},
        {"127.0.0.1:65536", "1 to 65535"},
        {"127.0.0.1", "port is missing"},
        {"127.0.0.1:", "1 to 65535"},
        {"fd00::1:3001", "brackets"},
        {"10.0.0.1:80:90", "more than one port"},
        {"[::1]", "port is missing"},
        {"[::1:80", "port is missing"},
        {"fd00::1]:80", "brackets"},
        {"[127.0.0.1]:80", "not an IP address"},
        {"localhost:80", "not an IP address"},
        {":3001", "write the address"},
        {"*:3001", "write the address"},
        {"*", "write the address"},
        {"unix:", "begins with a slash"},
        {"unix:x.sock", "begins with a slash"},
        {"unix:@name", "abstract"},
        {"unix:/run/", "ends with a slash"},
        {"unix:/", "ends with a slash"},
        {"/run/x.sock", "unix:/PATH"},
        {"unix:/x mode=0888", "octal"},
        {"unix:/x mode=01000", "octal"},
        {"unix:/x mode=-1", "octal"},
        {"unix:/x mode=", "octal"},
        {"unix:/x mode=0660x", "octal"},
        {"unix:/x user=no-such-user-here", "no such user"},
        {"unix:/x user=4294967295", "no such user"},
        {"unix:/x group=no-such-group-here", "no such group"},
        {"unix:/x group=", "no such group"},
        {"unix:/x 0660", "only mode="},
        {"unix:/x owner=root", "only mode="},
        {"127.0.0.1:80 mode=0660", "1 to 65535"},
        {"systemd:", "1 to 255 bytes"},
        {"systemd:a:b", "without colons"},
        {"systemd:a b", "without blanks"},
        {"systemd:web mode=0660", "without blanks"},
        {"systemd:a,b", "and commas"},
        {"systemd:\303\274", "printable ASCII"},
        {"systemd:\177", "printable ASCII"},
        {"3001x", "port is missing"},
        {"-1", "port is missing"},
        {" 3001", "port is missing"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct listen listens[LISTEN_EXPANSION_MAX];
        const char *why = NULL;
        ck_assert_msg(listen_parse(rows[i].text, listens, &why) == -EINVAL, "took \"%s\"",
                      rows[i].text);
        ck_assert_msg(strstr(why, rows[i].why) != NULL, "\"%s\": %s", rows[i].text, why);
    }
}
END_TEST

START_TEST(ipv6_without_brackets_is_called_that)
{
    static const char *const texts[] = {"::1:3001", "::1", ":::3001", "fe80::1:80"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct listen listens[LISTEN_EXPANSION_MAX];
        const char *why = "";
        ck_assert_int_eq(listen_parse(texts[i], listens, &why), -EINVAL);
        ck_assert_msg(strstr(why, "brackets") != NULL, "\"%s\": %s", texts[i], why);
    }
}
END_TEST

/* Loopback alone, by the names that a client of this host asks for. */
START_TEST(what_the_admin_interface_listens_on)
{
    static const char *const good[] = {"unix:/run/x.sock mode=0600", "127.0.0.1:1", "[::1]:65535"};
    static const char *const foreign[] = {
        "0.0.0.0:1",   "[::]:1", "127.0.0.2:1", "10.0.0.1:1", "[::ffff:127.0.0.1]:1",
        "localhost:1", "off",    "off,1",       "systemd:x",  "/run/x.sock"};
    struct listen listens[LISTEN_EXPANSION_MAX];
    const char *why = "";
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        ck_assert_msg(listen_parse_admin(good[i], listens, &why) == 1, "%s: %s", good[i], why);
        listen_clear(&listens[0]);
    }
    ck_assert_int_eq(listen_parse_admin("9999", listens, &why), 2);
    ck_assert(!listens[0].optional && listens[1].optional);
    for (size_t i = 0; i < COUNT_OF(foreign); i++) {
        why = "";
        ck_assert_msg(listen_parse_admin(foreign[i], listens, &why) == -EINVAL, "%s", foreign[i]);
        ck_assert_msg(strstr(why, "or is off") != NULL, "%s: %s", foreign[i], why);
    }
    ck_assert_int_eq(listen_parse_admin("unix:/x mode=9", listens, &why), -EINVAL);
    ck_assert_ptr_nonnull(strstr(why, "octal"));
    ck_assert_int_eq(listen_parse_admin("70000", listens, &why), -EINVAL);
    ck_assert_ptr_nonnull(strstr(why, "1 to 65535"));
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, what_the_admin_interface_listens_on);
    tcase_add_test(cases, one_address);
    tcase_add_test(cases, a_bare_port_is_both_families);
    tcase_add_test(cases, a_unix_socket);
    tcase_add_test(cases, the_longest_path);
    tcase_add_test(cases, a_name_that_systemd_hands_over);
    tcase_add_test(cases, the_longest_name);
    tcase_add_test(cases, a_copy_has_its_own_text);
    tcase_add_test(cases, refusals);
    tcase_add_test(cases, ipv6_without_brackets_is_called_that);
}

int main(void)
{
    return suite_run("config/listen", add);
}
