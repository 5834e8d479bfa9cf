#ifndef REDIAL_CTL_SPARK_H
#define REDIAL_CTL_SPARK_H

#include "ctl/rates.h"
#include "ctl/text.h"

/* Adds a series as a line of bars, `width` columns with the newest at the right; a column is the
 * mean of `each` values, and stays what it is while the line moves. The highest bar is the greatest
 * of them. What is not known is blank. */
void spark_add(struct text *text, const struct series *series, size_t width, size_t each);

#endif
