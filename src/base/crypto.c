#include "base/crypto.h"

#include "base/memory.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS 1024 /* groups of three bytes encoded at a time */

struct sha256 {
    EVP_MD_CTX *context;
    bool failed;
};

static void *allocate(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return size > 0 ? memory_allocate(size) : NULL;
}

static void *enlarge(void *old, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    if (size > 0) return memory_enlarge(old, size);
    memory_release(old);
    return NULL;
}

static void release(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    memory_release(memory);
}

void crypto_note_memory(void)
{
    (void)CRYPTO_set_mem_functions(allocate, enlarge, release);
}

struct sha256 *sha256_start(void)
{
    struct sha256 *sum = calloc(1, sizeof *sum);
    if (sum == NULL) return NULL;
    sum->context = EVP_MD_CTX_new();
    sum->failed = sum->context == NULL || EVP_DigestInit_ex(sum->context, EVP_sha256(), NULL) != 1;
    return sum;
}

void sha256_add(struct sha256 *sum, const void *bytes, size_t length)
{
    if (sum == NULL || sum->failed) return;
    sum->failed = EVP_DigestUpdate(sum->context, bytes, length) != 1;
}

bool sha256_finish(struct sha256 *sum, char hex[SHA256_HEX_SIZE])
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    hex[0] = '\0';
    if (sum == NULL) return false;
    bool ok = !sum->failed && EVP_DigestFinal_ex(sum->context, bytes, &length) == 1 &&
              length * 2 + 1 == SHA256_HEX_SIZE;
    EVP_MD_CTX_free(sum->context);
    free(sum);
    for (unsigned i = 0; ok && i < length; i++)
        (void)sprintf(hex + (size_t)2 * i, "%02x", bytes[i]);
    return ok;
}

void base64_encode(struct text *out, const unsigned char *bytes, size_t length)
{
    unsigned char piece[GROUPS * 4 + 1];
    while (length > 0) {
        size_t take = length < (size_t)GROUPS * 3 ? length : (size_t)GROUPS * 3;
        int made = EVP_EncodeBlock(piece, bytes, (int)take);
        text_append(out, (const char *)piece, (size_t)made);
        bytes += take;
        length -= take;
    }
}

static size_t padding_of(const char *string, size_t length)
{
    if (length < 4 || string[length - 1] != '=') return 0;
    return string[length - 2] == '=' ? 2 : 1;
}

/* Whether the last group is canonical: libcrypto ignores unused bits that are set. */
static bool is_canonical(const char *group, const unsigned char *bytes, size_t count)
{
    unsigned char again[5];
    return EVP_EncodeBlock(again, bytes, (int)count) == 4 && memcmp(again, group, 4) == 0;
}

bool base64_decode(const char *piece, size_t length, bool last, unsigned char *out, size_t *decoded)
{
    *decoded = 0;
    if (length % 4 != 0) return false;
    if (length == 0) return true;
    size_t padding = last ? padding_of(piece, length) : 0;
    if (memchr(piece, '=', length - padding) != NULL) return false;
    size_t whole = length / 4 * 3;
    if (EVP_DecodeBlock(out, (const unsigned char *)piece, (int)length) != (int)whole) return false;
    if (padding > 0 && !is_canonical(piece + length - 4, out + whole - 3, 3 - padding))
        return false;
    *decoded = whole - padding;
    return true;
}

bool base64_decoded_length(const char *string, size_t length, size_t *decoded)
{
    *decoded = 0;
    if (length % 4 != 0) return false;
    *decoded = length / 4 * 3 - padding_of(string, length);
    return true;
}
