#include "ctl/spark.h"

#include <math.h>

#define LEVELS 8

/* The mean of the column so many before the newest one, which fills up as the series grows; NAN
 * where nothing of it is known. */
static double column_value(const struct series *series, size_t column, size_t each)
{
    size_t filled = series->count > 0 ? (series->count - 1) % each + 1 : 0; /* the newest one */
    size_t age = column == 0 ? 0 : filled + (column - 1) * each, known = 0;
    double sum = 0;
    for (size_t end = filled + column * each; age < end; age++) {
        double value = series_at(series, age);
        sum += isnan(value) ? 0 : value;
        known += isnan(value) ? 0 : 1;
    }
    return known > 0 ? sum / (double)known : NAN;
}

void spark_add(struct text *text, const struct series *series, size_t width, size_t each)
{
    static const char *const blocks[LEVELS] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                               "\u2585", "\u2586", "\u2587", "\u2588"};
    static const char *const letters[LEVELS] = {"_", ".", ":", "-", "=", "+", "*", "#"};
    const char *const *bars = text_is_utf8() ? blocks : letters;
    double most = 0;
    for (size_t column = 0; column < width; column++)
        most = fmax(most, column_value(series, column, each)); /* fmax(3) passes over NAN */
    for (size_t column = width; column-- > 0;) {
        double value = column_value(series, column, each);
        size_t level = value > 0 ? 1 + (size_t)(value / most * (LEVELS - 2) + 0.5) : 0;
        text_add(text, "%s", isnan(value) ? " " : bars[level < LEVELS ? level : LEVELS - 1]);
    }
}
