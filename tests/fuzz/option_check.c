#include "option_check.h"

#include <string.h>

#include "target.h"

static int64_t choice_count(const struct config_option *option)
{
    int64_t count = 0;
    while (option->choices[count])
        count++;
    return count;
}

static void check_list(const struct config_option *option, const void *options)
{
    struct {
        void *items;
        size_t count;
    } list;
    memcpy(&list, (const char *)options + option->offset, sizeof list);
    expect(list.count == 0 || list.items);
}

void option_check(const struct config_option *option, const void *options)
{
    if (option_is_list(option)) {
        check_list(option, options);
        return;
    }
    int64_t value = option_value(option, options);
    if (option->type == OPTION_CHOICE)
        expect(value >= 0 && value < choice_count(option));
    else
        expect((option->minus && value == -1) || (option->zero && value == 0) ||
               (value >= option->min && value <= option->max));
}
