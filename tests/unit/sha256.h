/* SHA-256 (FIPS 180-4), for tests that judge a hash. */
#ifndef UNIT_SHA256_H
#define UNIT_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_BASE64 = 44 };

void sha256(const void *bytes, size_t size, uint8_t ret_digest[SHA256_BYTES]);

/* The same in base64 (RFC 4648), as a text. */
void sha256_base64(const void *bytes, size_t size, char ret_text[SHA256_BASE64 + 1]);

#endif
