/* A DNS message, as the answer to a question. The first byte chooses the question: one that stands
 * for none is no input, so that a further question leaves the corpus as it is. */
#include <ctype.h>
#include <string.h>

#include "answer_check.h"
#include "discovery/answer.h"
#include "input.h"
#include "target.h"

static const struct question {
    const char *name;
    enum dns_type type;
} questions[] = {
    {"name.test", DNS_TYPE_A}, {"name.test", DNS_TYPE_AAAA}, {"a", DNS_TYPE_A},
    {"", DNS_TYPE_AAAA},       {"name.test", DNS_TYPE_SRV},
};

/* Names are the same in either case (RFC 4343). */
static void check_case(const struct input *message, const struct question *question,
                       const struct answer *answer)
{
    struct answer other;
    char name[32];
    size_t length = strlen(question->name);
    expect(length < sizeof name);
    for (size_t i = 0; i <= length; i++)
        name[i] = (char)toupper((unsigned char)question->name[i]);
    answer_parse(message->at, message->left, name, question->type, &other);
    answer_check_same(answer, &other);
    answer_clear(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input message = {data, size};
    struct answer answer;
    size_t choice = input_byte(&message);
    if (choice >= COUNT_OF(questions))
        return 0;
    const struct question *question = &questions[choice];
    answer_parse(message.at, message.left, question->name, question->type, &answer);
    answer_check(&answer, question->type);
    expect(answer.outcome < ANSWER_TIMEOUT || answer.outcome == ANSWER_LOCAL_FAULT);
    check_case(&message, question, &answer);
    answer_check_clear(&answer);
    return 0;
}
