#include "ctl/spark.h"

#include <math.h>

#define LEVELS 8

static double greatest(const struct series *series, size_t width)
{
    double most = 0;
    for (size_t age = 0; age < width; age++)
        most = fmax(most, series_at(series, age)); /* fmax(3) passes over NAN */
    return most;
}

void spark_add(struct text *text, const struct series *series, size_t width)
{
    static const char *const blocks[LEVELS] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                               "\u2585", "\u2586", "\u2587", "\u2588"};
    static const char *const letters[LEVELS] = {"_", ".", ":", "-", "=", "+", "*", "#"};
    const char *const *bars = text_is_utf8() ? blocks : letters;
    double most = greatest(series, width);
    for (size_t age = width; age-- > 0;) {
        double value = series_at(series, age);
        size_t level = value > 0 ? 1 + (size_t)(value / most * (LEVELS - 2) + 0.5) : 0;
        text_add(text, "%s", isnan(value) ? " " : bars[level < LEVELS ? level : LEVELS - 1]);
    }
}
