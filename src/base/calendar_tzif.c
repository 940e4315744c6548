#include "base/calendar_internal.h"

#include <stdlib.h>
#include <string.h>

#define HEADER_SIZE 44
#define MOST_TRANSITIONS 100000 /* the largest real zone has a few hundred */

/* The counts of a TZif header (RFC 8536, section 3.1), and where its data block starts. */
struct block {
    size_t utc_count, standard_count, leap_count, time_count, type_count, letter_count;
    size_t time_size; /* 4 in version 1, 8 from version 2 */
    const unsigned char *times, *indices, *types, *letters;
    size_t length;
};

static uint32_t big_endian_32(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t read_instant(const unsigned char *p, size_t size)
{
    if (size == 4) return (int32_t)big_endian_32(p);
    return (int64_t)((uint64_t)big_endian_32(p) << 32 | big_endian_32(p + 4));
}

/* Locates the parts of the block whose header is at bytes; false if it does not fit into length. */
static bool block_find(const unsigned char *bytes, size_t length, size_t time_size,
                       struct block *out)
{
    if (length < HEADER_SIZE || memcmp(bytes, "TZif", 4) != 0) return false;
    *out = (struct block){
        .utc_count = big_endian_32(bytes + 20),
        .standard_count = big_endian_32(bytes + 24),
        .leap_count = big_endian_32(bytes + 28),
        .time_count = big_endian_32(bytes + 32),
        .type_count = big_endian_32(bytes + 36),
        .letter_count = big_endian_32(bytes + 40),
        .time_size = time_size,
    };
    if (out->time_count > MOST_TRANSITIONS || out->type_count > 256 || out->letter_count > 65536 ||
        out->leap_count > 65536 || out->utc_count > 256 || out->standard_count > 256) {
        return false;
    }
    out->times = bytes + HEADER_SIZE;
    size_t types_at = HEADER_SIZE + out->time_count * (time_size + 1);
    size_t letters_at = types_at + out->type_count * 6;
    out->length = letters_at + out->letter_count + out->leap_count * (time_size + 4) +
                  out->standard_count + out->utc_count;
    if (out->length > length) return false;
    out->indices = out->times + out->time_count * time_size;
    out->types = bytes + types_at;
    out->letters = bytes + letters_at;
    return true;
}

static bool read_types(struct zone *zone, const struct block *block)
{
    for (size_t i = 0; i < block->type_count; i++) {
        const unsigned char *entry = block->types + i * 6;
        int32_t offset = (int32_t)big_endian_32(entry);
        size_t at = entry[5];
        if (offset < -89999 || offset > 93599 || at >= block->letter_count) return false;
        size_t length = strnlen((const char *)block->letters + at, block->letter_count - at);
        if (length == block->letter_count - at) return false; /* not terminated */
        if (length > ABBREVIATION_SIZE - 1) length = ABBREVIATION_SIZE - 1;
        zone->types[i].offset_s = offset;
        memcpy(zone->types[i].abbreviation, block->letters + at, length);
        zone->types[i].abbreviation[length] = '\0';
    }
    return true;
}

static bool read_transitions(struct zone *zone, const struct block *block)
{
    for (size_t i = 0; i < block->time_count; i++) {
        zone->transitions[i] = read_instant(block->times + i * block->time_size, block->time_size);
        zone->type_of[i] = block->indices[i];
        if (zone->type_of[i] >= block->type_count) return false;
        if (i > 0 && zone->transitions[i] <= zone->transitions[i - 1]) return false;
    }
    return true;
}

static struct zone *zone_new(const char *name, size_t transitions, size_t types)
{
    struct zone *zone = calloc(1, sizeof *zone);
    if (zone == NULL) return NULL;
    zone->name = strdup(name);
    zone->transitions = calloc(transitions + 1, sizeof *zone->transitions);
    zone->type_of = calloc(transitions + 1, sizeof *zone->type_of);
    zone->types = calloc(types, sizeof *zone->types);
    if (zone->name == NULL || zone->transitions == NULL || zone->type_of == NULL ||
        zone->types == NULL) {
        zone_free(zone);
        return NULL;
    }
    zone->transition_count = transitions;
    zone->type_count = types;
    return zone;
}

/* The footer: a newline, a TZ string (possibly empty), a newline. */
static bool read_footer(struct zone *zone, const unsigned char *bytes, size_t length)
{
    if (length < 2 || bytes[0] != '\n') return false;
    const unsigned char *end = memchr(bytes + 1, '\n', length - 1);
    if (end == NULL) return false;
    size_t size = (size_t)(end - bytes) - 1;
    if (size == 0) return true;
    zone->has_rule = zone_rule_parse((const char *)bytes + 1, size, &zone->rule);
    return zone->has_rule;
}

static enum err_code damaged(struct error *err, const char *name, const char *what)
{
    return error_set(err, ERR_FORMAT,
                     "the data of time zone \"%.60s\" are damaged (%s): reinstall tzdata", name,
                     what);
}

enum err_code zone_from_tzif(const char *name, const unsigned char *bytes, size_t length,
                             struct zone **out, struct error *err)
{
    struct block block;
    if (!block_find(bytes, length, 4, &block)) return damaged(err, name, "not a whole TZif file");
    size_t footer_at = 0;  /* version 1 has none */
    if (bytes[4] >= '2') { /* the first block is then only for old readers */
        size_t second = block.length;
        if (!block_find(bytes + second, length - second, 8, &block)) {
            return damaged(err, name, "no second block");
        }
        footer_at = second + block.length;
    }
    if (block.type_count == 0 || block.letter_count == 0)
        return damaged(err, name, "no local time types");
    if (block.leap_count != 0) {
        return error_set(err, ERR_FORMAT,
                         "time zone \"%.60s\" counts leap seconds: use the zone without \"right/\"",
                         name);
    }
    struct zone *zone = zone_new(name, block.time_count, block.type_count);
    if (zone == NULL) return error_set(err, ERR_NOMEM, "no memory for time zone \"%.60s\"", name);
    const char *what = NULL;
    if (!read_types(zone, &block)) {
        what = "bad local time type";
    } else if (!read_transitions(zone, &block)) {
        what = "bad transition";
    } else if (footer_at > 0 && !read_footer(zone, bytes + footer_at, length - footer_at)) {
        what = "bad footer";
    }
    if (what != NULL) {
        zone_free(zone);
        return damaged(err, name, what);
    }
    *out = zone;
    return ERR_OK;
}

void zone_free(struct zone *zone)
{
    if (zone == NULL) return;
    free(zone->name);
    free(zone->transitions);
    free(zone->type_of);
    free(zone->types);
    free(zone);
}

const struct local_type *zone_type_at(const struct zone *zone, int64_t utc_s, int64_t *end_s)
{
    size_t low = 0; /* ends up as the number of transitions at or before the instant */
    size_t high = zone->transition_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (zone->transitions[middle] <= utc_s) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == zone->transition_count && zone->has_rule)
        return zone_rule_at(&zone->rule, utc_s, end_s);
    *end_s = low < zone->transition_count ? zone->transitions[low] : INT64_MAX;
    return &zone->types[low == 0 ? 0 : zone->type_of[low - 1]];
}
