#include "config/ini.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define LINE_LIMIT ((size_t)64 * 1024)
#define SECTION_LIMIT 64

struct reader {
    const char *file;
    int line;
    char section[SECTION_LIMIT];
    bool section_bad; /* its error is told; keys behind it are not errors of their own */
    ini_handler *handler;
    void *arg;
    struct errors *errors;
};

static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1]))
        end--;
    *end = '\0';
    return text;
}

static void cut_comment(char *value)
{
    for (char *at = value; *at; at++)
        if ((*at == '#' || *at == ';') && (at == value || isspace((unsigned char)at[-1]))) {
            *at = '\0';
            return;
        }
}

static struct origin origin(const struct reader *reader)
{
    return (struct origin){reader->file, reader->line};
}

static void read_section(struct reader *reader, char *text)
{
    char *end = strchr(text, ']');
    reader->section_bad = true;
    if (!end) {
        errors_add(reader->errors, origin(reader), "a section header lacks its closing bracket");
        return;
    }
    cut_comment(end + 1);
    if (*trim(end + 1) != '\0') {
        errors_add(reader->errors, origin(reader), "there is more text behind the section header");
        return;
    }
    *end = '\0';
    char *name = trim(text + 1);
    if (*name == '\0' || strlen(name) >= sizeof reader->section) {
        errors_add(reader->errors, origin(reader), "a section name has 1 to %d characters",
                   SECTION_LIMIT - 1);
        return;
    }
    strcpy(reader->section, name);
    reader->section_bad = false;
    reader->handler(reader->arg, name, NULL, NULL, reader->line);
}

static void read_line(struct reader *reader, char *text)
{
    text = trim(text);
    if (*text == '\0' || *text == '#' || *text == ';')
        return;
    if (*text == '[') {
        read_section(reader, text);
        return;
    }
    char *equals = strchr(text, '=');
    if (!equals) {
        errors_add(reader->errors, origin(reader), "expected key = value, found \"%.60s\"", text);
        return;
    }
    *equals = '\0';
    char *key = trim(text);
    cut_comment(equals + 1);
    char *value = trim(equals + 1);
    if (reader->section_bad)
        return;
    if (*key == '\0')
        errors_add(reader->errors, origin(reader), "a key is missing before the equals sign");
    else if (*value == '\0')
        errors_add(reader->errors, origin(reader), "%.60s has no value", key);
    else if (reader->section[0] == '\0')
        errors_add(reader->errors, origin(reader), "%.60s stands before the first [section]", key);
    else
        reader->handler(reader->arg, reader->section, key, value, reader->line);
}

/* Says whether the file can be text at all: one error tells more than a hundred. */
static bool line_is_text(struct reader *reader, const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)line[i];
        if ((c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
            errors_add(reader->errors, origin(reader),
                       "this is not text: it holds the byte 0x%02x, so the rest is not read", c);
            return false;
        }
    }
    return true;
}

int ini_read(FILE *stream, const char *file, ini_handler *handler, void *arg, struct errors *errors)
{
    struct reader reader = {.file = file, .handler = handler, .arg = arg, .errors = errors};
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    errno = 0;
    while ((length = getline(&line, &size, stream)) >= 0) {
        reader.line++;
        if (!line_is_text(&reader, line, (size_t)length))
            break;
        char *text = line;
        if (reader.line == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
            text += 3; /* a byte order mark, as some editors leave */
        if ((size_t)length > LINE_LIMIT)
            errors_add(errors, origin(&reader), "the line has %zd bytes; %zu are allowed", length,
                       LINE_LIMIT);
        else
            read_line(&reader, text);
    }
    /* getline(3) ends also where it lacks memory, which is no end of the file */
    int result = length < 0 && !feof(stream) ? -(errno ? errno : EIO) : 0;
    free(line);
    return result;
}
