#include "sha256.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 64, ROUNDS = 64, WORDS = 8 };

/* The constants are bits of the fractions of roots of the first primes (4.2.2, 5.3.3). */
static uint32_t fraction_bits(double root)
{
    return (uint32_t)((root - floor(root)) * 4294967296.0);
}

static int next_prime(int after)
{
    for (int n = after + 1;; n++) {
        int divisor = 2;
        while (divisor < n && n % divisor != 0)
            divisor++;
        if (divisor == n)
            return n;
    }
}

static uint32_t turn(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

/* 6.2.2 */
static void add_block(uint32_t state[WORDS], const uint32_t constants[ROUNDS], const uint8_t *block)
{
    uint32_t w[ROUNDS], v[WORDS];
    for (int t = 0; t < ROUNDS; t++)
        if (t < 16)
            w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 |
                   (uint32_t)block[4 * t + 2] << 8 | block[4 * t + 3];
        else
            w[t] = w[t - 16] + w[t - 7] +
                   (turn(w[t - 15], 7) ^ turn(w[t - 15], 18) ^ w[t - 15] >> 3) +
                   (turn(w[t - 2], 17) ^ turn(w[t - 2], 19) ^ w[t - 2] >> 10);
    memcpy(v, state, sizeof v);
    for (int t = 0; t < ROUNDS; t++) {
        uint32_t one = v[7] + (turn(v[4], 6) ^ turn(v[4], 11) ^ turn(v[4], 25)) +
                       ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[t] + w[t];
        uint32_t two = (turn(v[0], 2) ^ turn(v[0], 13) ^ turn(v[0], 22)) +
                       ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += one;
        v[0] = one + two;
    }
    for (int i = 0; i < WORDS; i++)
        state[i] += v[i];
}

void sha256(const void *bytes, size_t size, uint8_t ret_digest[SHA256_BYTES])
{
    uint32_t state[WORDS], constants[ROUNDS];
    for (int i = 0, prime = 2; i < ROUNDS; i++, prime = next_prime(prime)) {
        constants[i] = fraction_bits(cbrt(prime));
        if (i < WORDS)
            state[i] = fraction_bits(sqrt(prime));
    }
    const uint8_t *at = bytes;
    size_t left = size;
    for (; left >= BLOCK; left -= BLOCK, at += BLOCK)
        add_block(state, constants, at);
    uint8_t end[2 * BLOCK] = {0}; /* 5.1.1 */
    size_t length = left + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    memcpy(end, at, left);
    end[left] = 0x80;
    for (size_t i = 0; i < 8; i++)
        end[length - 1 - i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    for (size_t i = 0; i < length; i += BLOCK)
        add_block(state, constants, end + i);
    for (int i = 0; i < SHA256_BYTES; i++)
        ret_digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_base64(const void *bytes, size_t size, char ret_text[SHA256_BASE64 + 1])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t digest[SHA256_BYTES + 1] = {0};
    sha256(bytes, size, digest);
    for (size_t i = 0; i < SHA256_BASE64; i++) {
        size_t bit = 6 * i, at = bit / 8;
        if (bit >= 8 * SHA256_BYTES)
            ret_text[i] = '=';
        else {
            unsigned pair = (unsigned)digest[at] << 8 | digest[at + 1];
            ret_text[i] = digits[pair >> (10 - bit % 8) & 63];
        }
    }
    ret_text[SHA256_BASE64] = '\0';
}
