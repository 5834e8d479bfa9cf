#include "admin/page.h"

/* SHA-256 in base64 of what stands between the tags of page.html. With a stale one the page is
 * bare text, so tests/unit/test_admin_page.c holds them, and says what they should be. */
#define STYLE_HASH "sha256-7F3n+w/pC1I3aTy4z31wEC9p6hjNH2s/uoa28RkPs8I="
#define SCRIPT_HASH "sha256-NMt+zfIdfQ6zWck399y7uoa+XAfphHFBFOfggPt3OB4="

/* img-src is for the icon in the page's head. Trusted Types (W3C) bar the script from making HTML
 * out of text, whatever it is changed to. */
const char page_policy[] = "default-src 'none'; "
                           "script-src '" SCRIPT_HASH "'; "
                           "style-src '" STYLE_HASH "'; "
                           "connect-src 'self'; "
                           "img-src data:; "
                           "base-uri 'none'; "
                           "form-action 'none'; "
                           "frame-ancestors 'none'; "
                           "require-trusted-types-for 'script'; "
                           "trusted-types 'none'";
