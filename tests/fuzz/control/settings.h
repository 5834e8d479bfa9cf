/* Configurations that bytes choose from, as text that config_load() reads. */
#ifndef FUZZ_CONTROL_SETTINGS_H
#define FUZZ_CONTROL_SETTINGS_H

#include "../input.h"
#include "config/config.h"

/* The most upstreams that one has. */
#define SETTINGS_UPSTREAMS 3

/* An address that redial itself listens on, whatever the port. */
#define SETTINGS_OWN_ADDRESS "10.0.0.13"

/* One with a reference; NULL: the text has an error. */
struct config *settings_load(struct input *input);

#endif
