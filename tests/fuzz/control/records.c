#include "records.h"

#include "../target.h"

struct known_record *records_find(const struct records *records, const struct record *record)
{
    for (size_t i = 0; i < records->count; i++)
        if (record_compare(&records->items[i].record, record) == 0)
            return &records->items[i];
    return NULL;
}

void records_put(struct records *records, const struct record *record, int state)
{
    struct known_record *item = records_find(records, record);
    if (!item) {
        item = reallocarray(records->items, records->count + 1, sizeof *item);
        expect(item);
        records->items = item;
        item += records->count++;
        expect(record_copy(&item->record, record));
    }
    item->state = state;
}

void records_remove(struct records *records, struct known_record *item)
{
    record_clear(&item->record);
    *item = records->items[--records->count];
}

void records_clear(struct records *records)
{
    while (records->count > 0)
        records_remove(records, records->items);
    free(records->items);
    *records = (struct records){0};
}
