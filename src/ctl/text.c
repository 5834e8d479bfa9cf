#include "ctl/text.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "base/utf8.h"

static bool is_utf8;

void text_setup(void)
{
    is_utf8 = setlocale(LC_CTYPE, "") && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

bool text_is_utf8(void)
{
    return is_utf8;
}

static void reserve(struct text *text, size_t length)
{
    size_t needed = text->length + length + 1;
    if (needed <= text->room)
        return;
    text->room = needed + needed / 2 + 64;
    text->bytes = realloc(text->bytes, text->room);
    if (!text->bytes) {
        fputs("redialctl: out of memory\n", stderr);
        exit(1);
    }
}

void text_bytes(struct text *text, const char *bytes, size_t length)
{
    reserve(text, length);
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_add(struct text *text, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    reserve(text, length > 0 ? (size_t)length : 0);
    if (length > 0)
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
    va_end(again);
    text->length += length > 0 ? (size_t)length : 0;
    text->bytes[text->length] = '\0';
}

/* The columns that the character takes with which the text begins, `*ret_length` its bytes; 0 where
 * it is not to be shown. What takes no column of its own (accents, marks that turn the direction of
 * writing) would make a line look like another one. */
static size_t shown(const char *text, size_t *ret_length)
{
    size_t length = utf8_printable(text);
    wchar_t wide;
    mbstate_t state = {0};
    *ret_length = length > 0 ? length : 1;
    if (length <= 1)
        return length;
    if (!is_utf8 || mbrtowc(&wide, text, length, &state) != length)
        return 0;
    int columns = wcwidth(wide);
    return columns > 0 ? (size_t)columns : 0;
}

void text_clean(struct text *text, const char *foreign)
{
    size_t length;
    for (const char *at = foreign ? foreign : "?"; *at; at += length)
        if (shown(at, &length) > 0)
            text_bytes(text, at, length);
        else
            text_bytes(text, "?", 1);
}

/* One line, up to its end. */
static void clean_line(struct text *text, const char *prefix, const char *line, size_t length)
{
    char *copy = strndup(line, length);
    text_add(text, "%s", prefix);
    for (char *part, *rest = copy; (part = strsep(&rest, "\t"));)
        text_clean(text, part), text_add(text, "%s", rest ? "\t" : "");
    text_add(text, "\n");
    free(copy);
}

void text_clean_lines(struct text *text, const char *prefix, const char *foreign)
{
    size_t length = strlen(foreign);
    while (length > 0 && strchr("\r\n \t", foreign[length - 1]))
        length--;
    for (const char *end = foreign + length; foreign < end;) {
        size_t line = strcspn(foreign, "\n");
        line = line < (size_t)(end - foreign) ? line : (size_t)(end - foreign);
        size_t kept = line > 0 && foreign[line - 1] == '\r' ? line - 1 : line;
        clean_line(text, prefix, foreign, kept);
        foreign += line + 1;
    }
}

void text_query(struct text *text, const char *name, const char *value)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";
    bool first = !text->bytes || !strchr(text->bytes, '?');
    text_add(text, "%c%s=", first ? '?' : '&', name);
    for (; *value; value++)
        if (strchr(plain, *value))
            text_bytes(text, value, 1);
        else
            text_add(text, "%%%02X", (unsigned char)*value);
}

size_t text_width(const char *clean)
{
    size_t width = 0, length;
    for (; *clean; clean += length)
        width += shown(clean, &length);
    return width;
}

/* The bytes of the first characters that fit into so many columns. */
static size_t fitting(const char *clean, size_t width)
{
    size_t used = 0, taken = 0, length;
    while (clean[taken]) {
        used += shown(clean + taken, &length);
        if (used > width)
            break;
        taken += length;
    }
    return taken;
}

void text_shorten(struct text *text, const char *clean, size_t width)
{
    const char *gap = is_utf8 ? "\u2026" : "..";
    size_t all = text_width(clean), gap_width = text_width(gap);
    if (all <= width) {
        text_add(text, "%s", clean);
        return;
    }
    if (width <= gap_width + 1) {
        text_bytes(text, clean, fitting(clean, width));
        return;
    }
    /* The end of a name or address tells more than its middle: it gets the odd column. */
    size_t head = (width - gap_width) / 2, tail = width - gap_width - head;
    text_bytes(text, clean, fitting(clean, head));
    text_add(text, "%s", gap);
    const char *rest = clean;
    for (size_t length; text_width(rest) > tail; rest += length)
        shown(rest, &length);
    text_add(text, "%s", rest);
}

void text_clean_short(struct text *text, const char *foreign, size_t most)
{
    struct text clean = {0};
    text_clean(&clean, foreign);
    text_shorten(text, text_string(&clean), most);
    text_clear(&clean);
}

void text_blanks(struct text *text, size_t count)
{
    text_add(text, "%*s", (int)count, "");
}

void text_wrap(struct text *text, const char *clean, size_t at, size_t indent, size_t width)
{
    bool first = true; /* the first word of a line is never moved to the next one */
    while (*clean) {
        size_t length = strcspn(clean, " ");
        char *word = strndup(clean, length);
        size_t columns = text_width(word ? word : "");
        free(word);
        if (!first && at + 1 + columns > width) {
            text_add(text, "\n");
            text_blanks(text, indent);
            at = indent;
            first = true;
        }
        text_add(text, "%s", first ? "" : " ");
        text_bytes(text, clean, length);
        at += columns + !first;
        first = false;
        clean += length + strspn(clean + length, " ");
    }
    text_add(text, "\n");
}

const char *text_string(const struct text *text)
{
    return text->bytes ? text->bytes : "";
}

void text_clear(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}
