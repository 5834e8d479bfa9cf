/* What holds for the options that were read from whatever text. */
#ifndef FUZZ_OPTION_CHECK_H
#define FUZZ_OPTION_CHECK_H

#include "config/options.h"

/* The option's value in its scope's struct is one that it may have. */
void option_check(const struct config_option *option, const void *options);

#endif
