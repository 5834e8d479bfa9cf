#include "config/suggest.h"

#include <stdint.h>
#include <string.h>

#include "config/options.h"

/* Levenshtein distance, with words of at most 31 characters; longer ones are far from all. */
static unsigned edit_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned row[32];
    if (n > 31 || m > 31)
        return UINT32_MAX;
    for (unsigned j = 0; j <= m; j++)
        row[j] = j;
    for (unsigned i = 1; i <= n; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= m; j++) {
            unsigned change = diagonal + (a[i - 1] != b[j - 1]);
            unsigned shift = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = change < shift ? change : shift;
        }
    }
    return row[m];
}

const char *option_suggest(const char *section, const char *key)
{
    const char *best = NULL;
    unsigned least = 3; /* two slips are a misspelling; more are another word */
    for (size_t i = 0; i < option_count; i++) {
        const struct config_option *option = &option_table[i];
        if (key && strcmp(option->section, section) != 0)
            continue;
        const char *name = key ? option->key : option->section;
        unsigned distance = edit_distance(key ? key : section, name);
        if (distance < least && distance < strlen(name)) {
            least = distance;
            best = name;
        }
    }
    return best;
}
