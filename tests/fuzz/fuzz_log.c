/* Log lines with fields from elsewhere. The first byte chooses format and level; then come the
 * fields: a byte for the kind, and a text that a NUL ends, or the eight bytes of a number. */
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "errors_check.h"
#include "input.h"
#include "memory_file.h"
#include "target.h"

#define FIELDS_MOST 8
#define LINE_MOST 4096
#define MESSAGE "what happened"

struct event {
    enum log_level level;
    enum log_format format;
    bool journal;
    struct log_field fields[FIELDS_MOST];
    char *texts[FIELDS_MOST]; /* owned */
    size_t count;
};

static const char *const keys[FIELDS_MOST] = {"a", "b", "c", "d", "e", "f", "g", "h"};

static int64_t read_number(struct input *input)
{
    uint64_t number = 0;
    for (int i = 0; i < 8; i++)
        number = number << 8 | input_byte(input);
    return (int64_t)number;
}

static void read_field(struct input *input, struct event *event)
{
    size_t i = event->count++;
    uint8_t kind = input_byte(input) % 4;
    if (kind == 2) {
        event->fields[i] = log_number(keys[i], read_number(input));
    } else if (kind == 3) {
        event->fields[i] = log_msec(keys[i], read_number(input));
    } else {
        event->texts[i] = input_text(input);
        input_piece(input, strlen(event->texts[i]) + 1);
        event->fields[i] = log_text(keys[i], event->texts[i]);
    }
}

static void read_event(struct input *input, struct event *event)
{
    uint8_t choice = input_byte(input);
    event->format = choice & 1 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
    event->journal = choice & 2;
    event->level = (enum log_level)(choice >> 2 & 3);
    while (input->left > 0 && event->count < FIELDS_MOST)
        read_field(input, event);
}

/* Whether it fits, however it is written: each byte takes six at the most. */
static bool fits(const struct event *event)
{
    size_t length = 200 + 40 * event->count;
    for (size_t i = 0; i < event->count; i++)
        length += event->texts[i] ? 6 * strlen(event->texts[i]) : 0;
    return length < LINE_MOST;
}

/* --- text ------------------------------------------------------------------------------------- */

static const char *skip(const char *line, const char *text)
{
    expect(strncmp(line, text, strlen(text)) == 0);
    return line + strlen(text);
}

/* Reads a quoted value, and holds it against the text that it was. */
static const char *skip_quoted(const char *line, const char *text)
{
    for (line = skip(line, "\""); *line != '"'; line++, text++) {
        unsigned byte = (unsigned char)*line;
        if (*line == '\\' && line[1] == 'x') {
            expect(sscanf(line + 2, "%2x", &byte) == 1);
            line += 3;
        } else if (*line == '\\') {
            byte = (unsigned char)*++line;
        }
        expect(byte != 0 && byte == (unsigned char)*text);
    }
    expect(*text == '\0');
    return line + 1;
}

static const char *skip_field(const char *line, const struct log_field *field)
{
    char number[64];
    line = skip(skip(skip(line, " "), field->key), "=");
    if (field->type == LOG_FIELD_TEXT && *line == '"')
        return skip_quoted(line, field->text);
    if (field->type == LOG_FIELD_TEXT) {
        expect(strpbrk(field->text, " =\"\\") == NULL && *field->text != '\0');
        return skip(line, field->text);
    }
    if (field->type == LOG_FIELD_NUMBER)
        snprintf(number, sizeof number, "%lld", (long long)field->number);
    else
        snprintf(number, sizeof number, "%.3f", (double)field->number / 1000.0);
    return skip(line, number);
}

/* Whoever takes the line apart finds the fields that were given, and no other. */
static void check_text(const struct event *event, const char *line)
{
    const char *at = strstr(line, MESSAGE);
    expect(at && at - line < 40);
    at += strlen(MESSAGE);
    for (size_t i = 0; i < event->count; i++)
        at = skip_field(at, &event->fields[i]);
    expect(*at == '\0');
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void check_json_text(const json_t *value, const char *text)
{
    const char *got = json_string_value(value);
    expect(got);
    if (strcmp(got, text) == 0)
        return;
    json_t *string = json_string(text);
    expect(!string); /* only what is no UTF-8 may be written otherwise */
    size_t length = strlen(got);
    expect(length <= strlen(text));
    for (size_t i = 0; i < length; i++)
        expect(got[i] == ((unsigned char)text[i] < 0x80 ? text[i] : '?'));
}

static void check_json_field(const json_t *value, const struct log_field *field)
{
    if (field->type == LOG_FIELD_TEXT)
        check_json_text(value, field->text);
    else if (field->type == LOG_FIELD_NUMBER)
        expect(json_is_integer(value) && json_integer_value(value) == field->number);
    else
        expect(json_is_real(value) &&
               fabs(json_real_value(value) * 1000.0 - (double)field->number) <=
                   1e-6 * fabs((double)field->number));
}

static void check_json(const struct event *event, const char *line)
{
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
    expect(json_is_object(object));
    expect(json_string_value(json_object_get(object, "level")));
    if (fits(event)) {
        expect(json_object_size(object) == 3 + event->count);
        for (size_t i = 0; i < event->count; i++)
            check_json_field(json_object_get(object, keys[i]), &event->fields[i]);
    }
    json_decref(object);
}

/* --- one line ------------------------------------------------------------------------------------
 */

static void check_line(const struct event *event, char *line, size_t length)
{
    expect(length > 1 && length <= LINE_MOST && line[length - 1] == '\n');
    line[--length] = '\0';
    expect(text_is_harmless(line, length));
    if (event->journal)
        line = (char *)(uintptr_t)skip(
            line, (const char *const[]){"<3>", "<4>", "<6>", "<7>"}[event->level]);
    if (event->format == LOG_FORMAT_JSON)
        check_json(event, line);
    else if (fits(event))
        check_text(event, line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct memory_file file;
    static char line[2 * LINE_MOST];
    struct input input = {data, size};
    struct event event = {.count = 0};
    read_event(&input, &event);
    memory_file_open(&file);
    log_setup(file.fd, LOG_LEVEL_DEBUG, event.format, event.journal);
    log_write(event.level, MESSAGE, event.fields, event.count);
    check_line(&event, line, memory_file_take(&file, line, sizeof line));
    for (size_t i = 0; i < event.count; i++)
        free(event.texts[i]);
    return 0;
}
