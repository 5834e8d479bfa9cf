#ifndef REDIAL_CONFIG_ITEM_H
#define REDIAL_CONFIG_ITEM_H

/* What the elements of lists are, and how one is read. Each returns how many elements the text
 * means, which it writes one behind the other (struct listen: LISTEN_EXPANSION_MAX at the most), or
 * -EINVAL with *why, a constant string for a person, or -ENOMEM. */
int item_parse_listen(const char *text, void *items, const char **why);
int item_parse_admin(const char *text, void *items, const char **why);
int item_parse_target(const char *text, void *items, const char **why);
int item_parse_network(const char *text, void *items, const char **why);

/* A struct address: of a DNS server, whose port is 53 where the text gives none; of this host,
 * without a port. */
int item_parse_resolver(const char *text, void *items, const char **why);
int item_parse_source(const char *text, void *items, const char **why);

/* Free what an element owns; the others own nothing. */
void item_clear_listen(void *item);
void item_clear_target(void *item);

#endif
