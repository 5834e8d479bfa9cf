#include "base/histogram.h"

double histogram_mean(const struct histogram *histogram)
{
    return histogram->count > 0 ? (double)histogram->sum / (double)histogram->count : 0.0;
}

double histogram_quantile(const struct histogram *histogram, double q)
{
    const struct scale *scale = histogram->scale;
    double rank = q * (double)histogram->count, below = 0.0, low = 0.0;
    if (histogram->count == 0)
        return 0.0;
    for (size_t i = 0; i < scale->count; i++) {
        double here = (double)histogram->counts[i], high = (double)scale->bounds[i];
        if (here > 0.0 && below + here >= rank)
            return low + (high - low) * (rank - below) / here;
        below += here;
        low = high;
    }
    return low;
}
