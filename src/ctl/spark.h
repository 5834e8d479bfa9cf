#ifndef REDIAL_CTL_SPARK_H
#define REDIAL_CTL_SPARK_H

#include "ctl/rates.h"
#include "ctl/text.h"

/* Adds the newest `width` values of a series as a line of bars, one a column and the newest at the
 * right; the highest bar is the greatest of them. What is not known is blank. */
void spark_add(struct text *text, const struct series *series, size_t width);

#endif
