#include "proxy/talk.h"

#include "suite.h"

static struct talk talk;
static uint64_t up, down;

static void setup(void)
{
    talk = (struct talk){.up = 0};
    up = down = 0;
}

/* 'c': the client speaks; 'e': the endpoint does; 'b': both before the next note; '.': nobody. */
static void say(const char *who)
{
    for (; *who; who++) {
        up += *who == 'c' || *who == 'b' ? 100 : 0;
        down += *who == 'e' || *who == 'b' ? 7 : 0;
        talk_note(&talk, up, down);
    }
}

START_TEST(who_waits_and_what_may_end)
{
    static const struct {
        const char *said;
        bool open, may_end;
    } rows[] = {
        {"", false, false},    /* nothing was asked, but an end might be an empty answer */
        {"c", true, false},    /* a question */
        {"ccc.", true, false}, /* in parts */
        {"ce", false, false},  /* one answer, which may end with the connection */
        {"ceee..", false, false},
        {"cec", true, false}, /* the next question: answers end by themselves */
        {"cece", false, true},
        {"cecee.e", false, true},
        {"cecec", true, false},
        {"e", false, false}, /* a greeting, or an answer that nobody asked for */
        {"ee", false, false},
        {"ec", true, false},
        {"ece", false, true}, /* a greeting, a question, an answer */
        {"b", true, false},   /* who was last is not known: the client may wait */
        {"be", false, false},
        {"bebe", false, true},
        {"ceb", true, false},
        {"cebe", false, true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        setup();
        say(rows[i].said);
        ck_assert_msg(talk_is_open(&talk) == rows[i].open, "open: %s", rows[i].said);
        ck_assert_msg(talk_may_end(&talk) == rows[i].may_end, "may end: %s", rows[i].said);
    }
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_checked_fixture(cases, setup, NULL);
    tcase_add_test(cases, who_waits_and_what_may_end);
}

int main(void)
{
    return suite_run("proxy/talk", add);
}
