/* A handful of records, each with a number of the owner's. All zero: none. */
#ifndef FUZZ_CONTROL_RECORDS_H
#define FUZZ_CONTROL_RECORDS_H

#include <stddef.h>

#include "discovery/record.h"

struct records {
    struct known_record {
        struct record record;
        int state;
    } * items;
    size_t count;
};

/* The one that names the same, or NULL. */
struct known_record *records_find(const struct records *records, const struct record *record);

/* Adds it, or gives it another state. */
void records_put(struct records *records, const struct record *record, int state);

void records_remove(struct records *records, struct known_record *item);
void records_clear(struct records *records);

#endif
