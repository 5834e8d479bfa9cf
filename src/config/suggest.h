#ifndef REDIAL_CONFIG_SUGGEST_H
#define REDIAL_CONFIG_SUGGEST_H

/* The most similar name, for "did you mean": a key of the section, or a section where `key` is
 * NULL. NULL where nothing is near. */
const char *option_suggest(const char *section, const char *key);

#endif
