/* INI text. */
#include "config/ini.h"

#include <ctype.h>
#include <string.h>

#include "errors_check.h"
#include "input.h"
#include "target.h"

#define SAFE_LENGTH 65000 /* a line that is still read when it was written in the usual form */

/* What the reader said, written down in the plainest form. */
struct transcript {
    FILE *stream;
    char *text;
    size_t size;
    int last_line;
};

static bool trimmed(const char *text)
{
    size_t length = strlen(text);
    return length > 0 && !isspace((unsigned char)text[0]) &&
           !isspace((unsigned char)text[length - 1]);
}

static bool commented(const char *value)
{
    for (const char *at = value; *at; at++)
        if (strchr("#;", *at) && (at == value || isspace((unsigned char)at[-1])))
            return true;
    return false;
}

static void on_line(void *arg, const char *section, const char *key, const char *value, int line)
{
    struct transcript *transcript = arg;
    expect(trimmed(section) && strlen(section) < 64);
    expect((key == NULL) == (value == NULL));
    expect(line > transcript->last_line);
    transcript->last_line = line;
    if (!key) {
        fprintf(transcript->stream, "[%s]\n", section);
        return;
    }
    expect(trimmed(key) && trimmed(value) && !commented(value));
    fprintf(transcript->stream, "%s = %s\n", key, value);
}

static void read_text(const char *text, size_t size, struct transcript *transcript,
                      struct errors *errors)
{
    /* fmemopen() takes no empty buffer. */
    FILE *stream =
        size > 0 ? fmemopen((void *)(uintptr_t)text, size, "r") : fopen("/dev/null", "r");
    transcript->stream = open_memstream(&transcript->text, &transcript->size);
    expect(stream && transcript->stream);
    expect(ini_read(stream, "fuzz.conf", on_line, transcript, errors) == 0);
    fclose(stream);
    fclose(transcript->stream);
}

/* What was read, read again from its plainest form, is the same, and nothing is wrong with it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct transcript first = {0}, second = {0};
    struct errors errors = {0};
    if (size > SAFE_LENGTH)
        return 0;
    read_text((const char *)data, size, &first, &errors);
    errors_check(&errors);
    errors_clear(&errors);
    read_text(first.text, first.size, &second, &errors);
    expect(errors.count == 0);
    expect(first.size == second.size && memcmp(first.text, second.text, first.size) == 0);
    free(first.text);
    free(second.text);
    return 0;
}
