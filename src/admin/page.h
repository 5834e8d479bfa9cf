#ifndef REDIAL_ADMIN_PAGE_H
#define REDIAL_ADMIN_PAGE_H

#include <stddef.h>

/* The status page: page.html as it is, built into the program. UTF-8, `page_size` bytes and no
 * NUL behind them; constant, so any thread may serve it, and a buffer may refer to it. */
extern const unsigned char page_bytes[];
extern const size_t page_size;

/* What its Content-Security-Policy header must be (W3C, "Content Security Policy Level 3"): only
 * the page's own style and script, only questions to who served it, in no other site's frame. */
extern const char page_policy[];

#endif
