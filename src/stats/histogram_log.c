#include "stats/histogram_log.h"

#include "base/calendar.h"
#include "base/clock.h"

#include <string.h>

/* The JVM's outputValueUnitRatio: a maximum in microseconds is shown in seconds. */
#define MAX_SCALE 1000000
#define LENGTH_MOST_NS (NS_PER_S * 3600 * 24)
/* No interval has as many; sums over a run of them overflow nothing. */
#define VALUES_MOST UINT64_C(0xFFFFFFFF)
#define YEAR_NS (NS_PER_S * 3600 * 24 * 365)

/* Appends value/unit with three decimals, rounded half up like Java's %.3f; exact in any locale. */
static void put_decimal(struct text *out, int64_t value, int64_t unit)
{
    int64_t thousandth = unit / 1000;
    int64_t rounded = value / thousandth + (value % thousandth >= thousandth / 2 ? 1 : 0);
    text_printf(out, "%lld.%03lld", (long long)(rounded / 1000), (long long)(rounded % 1000));
}

/* Appends a comment; each of its lines becomes its own comment line, so that none can be mistaken
 * for data. */
static void put_comment(struct text *out, const char *comment)
{
    while (*comment != '\0') {
        size_t length = strcspn(comment, "\r\n");
        if (length > 0) {
            text_puts(out, "#");
            text_append(out, comment, length);
            text_puts(out, "\n");
        }
        comment += length;
        comment += strspn(comment, "\r\n");
    }
}

void histogram_log_header(struct text *out, int64_t start_utc_ns, const char *comment)
{
    char stamp[32];
    int64_t start = start_utc_ns > 0 ? start_utc_ns : 0;
    format_utc_ms(start, stamp);
    if (comment != NULL) put_comment(out, comment);
    text_puts(out, "#[Histogram log format version 1.3]\n#[StartTime: ");
    put_decimal(out, start, NS_PER_S);
    text_printf(out, " (seconds since epoch), %s]\n#[BaseTime: 0.000 (seconds since epoch)]\n",
                stamp);
    text_puts(out, "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_"
                   "Histogram\"\n");
}

/* A tag must not contain the characters that readers split lines at, and must fit into an entry
 * that is read back. */
static bool tag_is_fit(const char *tag)
{
    return strpbrk(tag, " ,\r\n") == NULL &&
           strlen(tag) < sizeof((struct histogram_log_entry *)NULL)->tag;
}

enum err_code histogram_log_line(struct text *out, const char *tag, int64_t start_utc_ns,
                                 int64_t length_ns, const struct histogram *h, struct error *err)
{
    if (tag == NULL) tag = "";
    if (!tag_is_fit(tag)) {
        return error_set(
            err, ERR_FORMAT,
            "a histogram's tag must be shorter than 128 bytes, without comma, space or line "
            "break: \"%.128s\"",
            tag);
    }
    if (start_utc_ns < 0 || length_ns < 0) {
        return error_set(
            err, ERR_FORMAT,
            "the interval of %s starts before 1970 or ends before it starts: set the clock",
            *tag == '\0' ? "a histogram" : tag);
    }
    size_t before = out->length;
    if (*tag != '\0') text_printf(out, "Tag=%s,", tag);
    put_decimal(out, start_utc_ns, NS_PER_S);
    text_puts(out, ",");
    put_decimal(out, length_ns, NS_PER_S);
    text_puts(out, ",");
    put_decimal(out, histogram_max(h), MAX_SCALE);
    text_puts(out, ",");
    enum err_code code = histogram_encode(h, out, err);
    text_puts(out, "\n");
    if (code == ERR_OK && out->failed)
        code = error_set(err, ERR_NOMEM, "no memory for a line of the histogram log");
    if (code != ERR_OK && out->data != NULL) {
        out->length = before;
        out->data[before] = '\0';
    }
    return code;
}

/* The unread part of a line. */
struct cursor {
    const char *at, *end;
};

static bool skip_prefix(struct cursor *c, const char *prefix)
{
    size_t length = strlen(prefix);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, prefix, length) != 0) return false;
    c->at += length;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads seconds such as 1429.123 into ns; false if they are not a number or out of range. */
static bool read_seconds(struct cursor *c, int64_t *ns)
{
    const char *start = c->at;
    int64_t value = 0;
    int decimals = -1;
    for (; c->at < c->end && (is_digit(*c->at) || (*c->at == '.' && decimals < 0)); c->at++) {
        if (decimals >= 9) continue; /* finer than a nanosecond */
        if (decimals >= 0 || *c->at == '.') decimals++;
        if (*c->at == '.') continue;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *c->at - '0', &value)) {
            return false;
        }
    }
    if (c->at == start || (c->at == start + 1 && decimals == 0)) return false;
    for (int i = decimals < 0 ? 0 : decimals; i < 9; i++) {
        if (__builtin_mul_overflow(value, 10, &value)) return false;
    }
    *ns = value;
    return true;
}

/* A start time alone does not say whether the lines are relative to it, so it is kept negated until
 * a line shows. A base time is final. */
static void read_comment(struct cursor c, int64_t *base_ns)
{
    int64_t ns;
    if (skip_prefix(&c, "#[BaseTime: ")) {
        if (read_seconds(&c, &ns)) *base_ns = ns;
    } else if (skip_prefix(&c, "#[StartTime: ")) {
        if (read_seconds(&c, &ns) && *base_ns <= 0) *base_ns = -ns;
    }
}

/* Like HdrHistogram's reader: without a base time, lines over a year before the start are relative
 * to it. */
static bool make_absolute(int64_t base_ns, int64_t *ns)
{
    if (base_ns < 0) base_ns = *ns < -base_ns - YEAR_NS ? -base_ns : 0;
    return !__builtin_add_overflow(*ns, base_ns, ns);
}

static bool read_tag(struct cursor *c, char *tag, size_t size)
{
    tag[0] = '\0';
    if (!skip_prefix(c, "Tag=")) return true;
    const char *comma = memchr(c->at, ',', (size_t)(c->end - c->at));
    if (comma == NULL || (size_t)(comma - c->at) >= size ||
        memchr(c->at, '\0', (size_t)(comma - c->at)) != NULL) {
        return false;
    }
    memcpy(tag, c->at, (size_t)(comma - c->at));
    tag[comma - c->at] = '\0';
    c->at = comma + 1;
    return true;
}

/* The maximum is for people to read; the histogram holds the real one. */
static bool skip_max(struct cursor *c)
{
    const char *start = c->at;
    while (c->at < c->end && *c->at != ',') c->at++;
    return c->at > start && skip_prefix(c, ",");
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum err_code histogram_log_head(const char *line, size_t length, int64_t *base_ns,
                                 struct histogram_log_entry *entry, struct error *err)
{
    struct cursor c = {line, line + length};
    memset(entry, 0, sizeof *entry);
    while (c.end > c.at && is_blank(c.end[-1])) c.end--;
    if (c.at == c.end || skip_prefix(&c, "\"StartTimestamp\"")) return ERR_OK;
    if (*c.at == '#') {
        read_comment(c, base_ns);
        return ERR_OK;
    }
    if (!read_tag(&c, entry->tag, sizeof entry->tag)) {
        return error_set(err, ERR_FORMAT,
                         "the line is torn within its tag, or the tag is longer than 127 bytes");
    }
    if (!read_seconds(&c, &entry->start_utc_ns) || !skip_prefix(&c, ",") ||
        !read_seconds(&c, &entry->length_ns) || !skip_prefix(&c, ",") || !skip_max(&c)) {
        return error_set(
            err, ERR_FORMAT,
            "not a line of a histogram log: wanted [Tag=NAME,]start,length,max,payload");
    }
    if (!make_absolute(*base_ns, &entry->start_utc_ns)) {
        return error_set(err, ERR_FORMAT,
                         "the interval's start lies outside the range of the clock");
    }
    if (entry->length_ns > LENGTH_MOST_NS)
        return error_set(err, ERR_FORMAT, "the interval is longer than a day");
    entry->payload = c.at;
    entry->payload_length = (size_t)(c.end - c.at);
    return ERR_OK;
}

enum err_code histogram_log_values(struct histogram_decoder *decoder,
                                   struct histogram_log_entry *entry, struct error *err)
{
    enum err_code code = histogram_decode_with(decoder, entry->payload, entry->payload_length,
                                               &entry->histogram, err);
    if (code != ERR_OK || entry->histogram->total <= VALUES_MOST) return code;
    entry->histogram = NULL;
    return error_set(err, ERR_FORMAT, "more values than an interval can have");
}

enum err_code histogram_log_read(struct histogram_decoder *decoder, const char *line, size_t length,
                                 int64_t *base_ns, struct histogram_log_entry *entry,
                                 struct error *err)
{
    enum err_code code = histogram_log_head(line, length, base_ns, entry, err);
    if (code != ERR_OK || entry->payload == NULL) return code;
    return histogram_log_values(decoder, entry, err);
}
