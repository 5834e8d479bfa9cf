#include "config/target.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/random.h"
#include "suite.h"

START_TEST(names)
{
    static const struct {
        const char *text, *name;
        uint16_t port;
    } rows[] = {
        {"name.internal:3000", "name.internal", 3000},
        {"localhost:1", "localhost", 1},
        {"NAME.Internal:65535", "name.internal", 65535},
        {"name.internal.:80", "name.internal", 80},
        {"_grpc._tcp.name:80", "_grpc._tcp.name", 80},
        {"a-b.c--d:80", "a-b.c--d", 80},
        {"1.2.3.4a:80", "1.2.3.4a", 80},
        {"10.internal:80", "10.internal", 80},
        {"xn--bcher-kva.example:80", "xn--bcher-kva.example", 80},
        {"x:00080", "x", 80},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct target target;
        const char *why = "";
        ck_assert_msg(target_parse(rows[i].text, &target, &why) == 0, "%s: %s", rows[i].text, why);
        ck_assert_int_eq(target.kind, TARGET_NAME);
        ck_assert_str_eq(target.name, rows[i].name);
        ck_assert_uint_eq(target.port, rows[i].port);
        target_clear(&target);
        target_clear(&target); /* twice is harmless */
    }
}
END_TEST

START_TEST(addresses)
{
    static const char *const texts[] = {"10.0.0.1:80", "[::1]:80", "[2001:db8::1]:65535",
                                        "255.1.2.3:1", "[::ffff:1.2.3.4]:9"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct target target;
        char text[ADDRESS_TEXT_MAX];
        const char *why = "";
        ck_assert_msg(target_parse(texts[i], &target, &why) == 0, "%s: %s", texts[i], why);
        ck_assert_int_eq(target.kind, TARGET_ADDRESS);
        ck_assert_str_eq(address_format(&target.address, text), texts[i]);
        ck_assert_ptr_null(target.name);
    }
}
END_TEST

START_TEST(refusals)
{
    static const struct {
        const char *text, *why; /* a part of it */
    } rows[] = {
        {"", "port is missing"},
        {"name", "port is missing"},
        {":80", "name is missing"},
        {".:80", "name is missing"},
        {"..:80", "empty label"},
        {".a:80", "empty label"},
        {"a..b:80", "empty label"},
        {"name:", "1 to 65535"},
        {"name:0", "1 to 65535"},
        {"name:65536", "1 to 65535"},
        {"name:99999999999999999999", "1 to 65535"},
        {"name:http", "1 to 65535"},
        {"name:-1", "1 to 65535"},
        {"10.0.0.1:0", "1 to 65535"},
        {"10.0.0.1:65536", "1 to 65535"},
        {"10.0.0.1", "port is missing"},
        {"10.0.0.256:80", "neither"},
        {"10.0.0:80", "neither"},
        {"1:80", "neither"},
        {"1.2.3.4.5:80", "neither"},
        {"name.7:80", "neither"},
        {"::1:80", "brackets"},
        {"::1", "brackets"},
        {"name:80:90", "more than one port"},
        {"10.0.0.1:80:90", "more than one port"},
        {"[::1]", "port is missing"},
        {"[::1:80", "port is missing"},
        {"[]:80", "not an IP address"},
        {"[name]:80", "not an IP address"},
        {"[10.0.0.1]:80", "not an IP address"},
        {"0.0.0.0:80", "unspecified"},
        {"[::]:80", "unspecified"},
        {"[::ffff:0.0.0.0]:80", "unspecified"},
        {"224.0.0.1:80", "multicast"},
        {"[ff02::1]:80", "multicast"},
        {"255.255.255.255:80", "broadcast"},
        {"srv:name", "begins with service and protocol"},
        {"srv:_http.name", "begins with service and protocol"},
        {"srv:", "a name is missing"},
        {"srv:_http._tcp.x:80", "takes no port"},
        {"unix:/run/x.sock", "1 to 65535"},
        {"na me:80", "letters, digits"},
        {"name/path:80", "letters, digits"},
        {"http://name:80", ""},
        {"*.name:80", "letters, digits"},
        {"gr\xc3\xbcn.example:80", "not ASCII"},
        {"\xff:80", "not ASCII"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct target target;
        const char *why = NULL;
        memset(&target, 0xa5, sizeof target);
        ck_assert_msg(target_parse(rows[i].text, &target, &why) == -EINVAL, "took \"%s\"",
                      rows[i].text);
        ck_assert_msg(strstr(why, rows[i].why) != NULL, "\"%s\": %s", rows[i].text, why);
        ck_assert_uint_eq(target.port, 0xa5a5); /* untouched */
    }
}
END_TEST

/* A name of `length` characters, in labels of at most `label`. */
static void build_name(char *text, size_t length, size_t label)
{
    for (size_t i = 0; i < length; i++)
        text[i] = i % (label + 1) == label && i + 1 < length ? '.' : 'a';
    text[length] = '\0';
}

static int parse_name(const char *name, const char *tail, struct target *target, const char **why)
{
    char text[1200];
    snprintf(text, sizeof text, "%s%s", name, tail);
    return target_parse(text, target, why);
}

START_TEST(the_longest_names)
{
    char name[1001];
    for (size_t length = 1; length <= 1000; length += length < 240 || length > 260 ? 7 : 1) {
        struct target target = {.name = NULL};
        const char *why = "";
        build_name(name, length, 50);
        ck_assert_msg((parse_name(name, ":80", &target, &why) == 0) == (length <= DNS_NAME_MAX),
                      "%zu: %s", length, why);
        target_clear(&target);
        ck_assert_msg((parse_name(name, ".:80", &target, &why) == 0) == (length <= DNS_NAME_MAX),
                      "%zu with a dot: %s", length, why);
        if (length <= DNS_NAME_MAX)
            ck_assert_str_eq(target.name, name);
        else
            ck_assert_ptr_nonnull(strstr(why, "253"));
        target_clear(&target);
    }
}
END_TEST

START_TEST(the_longest_labels)
{
    for (size_t length = 62; length <= 66; length++) {
        char label[80], name[200];
        struct target target = {.name = NULL};
        const char *why = "";
        build_name(label, length, length);
        static const char *const shapes[] = {"%s", "%s.x", "x.%s", "x.%s.x"};
        for (size_t i = 0; i < COUNT_OF(shapes); i++) {
            const char *shape = shapes[i], *at = strchr(shape, '%');
            snprintf(name, sizeof name, "%.*s%s%s", (int)(at - shape), shape, label, at + 2);
            ck_assert_int_eq(parse_name(name, ":80", &target, &why) == 0, length <= 63);
            if (length > 63)
                ck_assert_ptr_nonnull(strstr(why, "63"));
            target_clear(&target);
        }
    }
}
END_TEST

START_TEST(random_texts)
{
    static const char pieces[] = "ab01:.[]-_:%/";
    random_seed(21);
    for (int i = 0; i < 200000; i++) {
        char text[40];
        struct target target = {.name = NULL};
        const char *why = NULL;
        size_t length = random_below(sizeof text);
        for (size_t j = 0; j < length; j++)
            text[j] = pieces[random_below(sizeof pieces - 1)];
        text[length] = '\0';
        if (target_parse(text, &target, &why) < 0)
            ck_assert_ptr_nonnull(why);
        else if (target.kind == TARGET_NAME)
            ck_assert(target.port > 0 && target.name[0] != '\0' && target.name[0] != '.');
        target_clear(&target);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, names);
    tcase_add_test(cases, addresses);
    tcase_add_test(cases, refusals);
    tcase_add_test(cases, the_longest_names);
    tcase_add_test(cases, the_longest_labels);
    tcase_add_test(cases, random_texts);
}

int main(void)
{
    return suite_run("config/target", add);
}
