/*
 * Writes and reads histogram logs with our own codec, for the JVM to check. hdr_tool write LOG
 * writes a log of many shapes and prints a summary of each of its histograms hdr_tool read LOG
 * prints a summary of each histogram in a log hdr_tool copy LOG NEW reads a log and writes what it
 * read A summary is one line, as HdrInterop.java prints it: tag start_ms length_ms count min p50
 * p99 p99.9 max mean stddev
 */
#include "base/clock.h"
#include "base/files.h"
#include "base/random.h"
#include "stats/histogram_log.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_NS (INT64_C(1763646000250) * NS_PER_MS)
#define LOG_LIMIT ((size_t)64 << 20)

static int64_t uniform(struct random *random)
{
    return (int64_t)random_below(random, 3000000);
}

static int64_t lognormal(struct random *random)
{
    return (int64_t)(350000 * exp(0.5 * random_normal(random)));
}

static int64_t constant(struct random *random)
{
    (void)random;
    return 123457;
}

static int64_t zero(struct random *random)
{
    (void)random;
    return 0;
}

static int64_t very_large(struct random *random)
{
    return (int64_t)(random_u64(random) >> 1 >> random_below(random, 60));
}

static int64_t small_and_zero(struct random *random)
{
    return (int64_t)random_below(random, 5) * 300;
}

/*
 * Every shape that a log may meet: with and without tags, each precision, a coarse unit, an empty
 * interval.
 */
static const struct shape {
    const char *tag;
    int64_t lowest, highest;
    int digits;
    int values;
    int64_t (*draw)(struct random *random);
} shapes[] = {
    {"eastus2.uniform", 1, 3600000000, 3, 20000, uniform},
    {"eastus2.lognormal", 1, 3600000000, 3, 20000, lognormal},
    {"swedencentral.lognormal", 1, 600000000, 4, 5000, lognormal},
    {"eastus2.constant", 1, 3600000000, 3, 1000, constant},
    {"eastus2.zeros", 1, 3600000000, 3, 17, zero},
    {"eastus2.empty", 1, 3600000000, 3, 0, zero},
    {"eastus2.single", 1, 3600000000, 3, 1, lognormal},
    {"very.large", 1, INT64_MAX, 3, 5000, very_large},
    {"very.large.precise", 1, INT64_MAX, 5, 500, very_large},
    {"coarse.unit", 1000, 3600000000000, 2, 3000, uniform},
    {"coarse.zeros", 1024, 3600000000, 3, 40, small_and_zero},
    {"one.digit", 1, 100000000, 1, 3000, lognormal},
    {"", 1, 3600000000, 3, 2000, uniform},
};

static int complain(const struct error *err)
{
    (void)fprintf(stderr, "hdr_tool: %s\n", err->text);
    return 1;
}

static void summarise(const char *tag, int64_t start_ns, int64_t length_ns,
                      const struct histogram *h)
{
    (void)printf("%s %" PRId64 " %" PRId64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64
                 " %" PRId64 " %" PRId64 " %.17g %.17g\n",
                 *tag == '\0' ? "-" : tag, start_ns / NS_PER_MS, length_ns / NS_PER_MS, h->total,
                 histogram_min(h), histogram_percentile(h, 50), histogram_percentile(h, 99),
                 histogram_percentile(h, 99.9), histogram_max(h), histogram_mean(h),
                 histogram_stddev(h));
}

static enum err_code write_shape(struct text *log, const struct shape *shape, uint64_t stream,
                                 struct error *err)
{
    struct random random;
    random_seed(&random, 2025, stream);
    struct histogram *h = histogram_new(shape->lowest, shape->highest, shape->digits);
    if (h == NULL) return error_set(err, ERR_NOMEM, "no memory for a histogram");
    for (int i = 0; i < shape->values; i++) {
        if (!histogram_record(h, shape->draw(&random), 1)) {
            histogram_free(h);
            return error_set(err, ERR_INTERNAL, "a value of %s is out of range", shape->tag);
        }
    }
    int64_t start_ns = START_NS + (int64_t)stream * 10003 * NS_PER_MS;
    int64_t length_ns = 10 * NS_PER_S + (int64_t)stream * NS_PER_MS;
    enum err_code code = histogram_log_line(log, shape->tag, start_ns, length_ns, h, err);
    if (code == ERR_OK) summarise(shape->tag, start_ns, length_ns, h);
    histogram_free(h);
    return code;
}

static int write_log(const char *path)
{
    struct text log = {0};
    struct error err = {0};
    enum err_code code = ERR_OK;
    size_t count = sizeof shapes / sizeof *shapes;
    histogram_log_header(&log, START_NS, "[written by rushhour]\nsecond line of the comment");
    for (uint64_t stream = 0; code == ERR_OK && stream < 3 * count; stream++) {
        code = write_shape(&log, &shapes[stream % count], stream, &err);
    }
    if (code == ERR_OK) code = file_write(path, text_str(&log), log.length, &err);
    text_free(&log);
    return code == ERR_OK ? 0 : complain(&err);
}

/* Prints an entry, or appends it to *copy when that is given. */
static enum err_code pass_on(const struct histogram_log_entry *entry, struct text *copy,
                             struct error *err)
{
    if (copy != NULL) {
        return histogram_log_line(copy, entry->tag, entry->start_utc_ns, entry->length_ns,
                                  entry->histogram, err);
    }
    summarise(entry->tag, entry->start_utc_ns, entry->length_ns, entry->histogram);
    return ERR_OK;
}

static enum err_code read_log(const char *path, struct text *copy, struct error *err)
{
    struct text log = {0};
    struct histogram_decoder *decoder = histogram_decoder_new();
    enum err_code code = decoder == NULL ? error_set(err, ERR_NOMEM, "no memory to read %s", path)
                                         : file_read(path, LOG_LIMIT, &log, err);
    int64_t base_ns = 0;
    size_t number = 0;
    for (const char *line = text_str(&log); code == ERR_OK && *line != '\0'; number++) {
        struct histogram_log_entry entry;
        size_t length = strcspn(line, "\n");
        code = histogram_log_read(decoder, line, length, &base_ns, &entry, err);
        if (code == ERR_OK && entry.histogram != NULL) code = pass_on(&entry, copy, err);
        if (code != ERR_OK) (void)error_prefix(err, "%s, line %zu", path, number + 1);
        line += length + (line[length] == '\n' ? 1 : 0);
    }
    histogram_decoder_free(decoder);
    text_free(&log);
    return code;
}

static int print_log(const char *path)
{
    struct error err = {0};
    return read_log(path, NULL, &err) == ERR_OK ? 0 : complain(&err);
}

static int copy_log(const char *from, const char *to)
{
    struct text copy = {0};
    struct error err = {0};
    histogram_log_header(&copy, START_NS, NULL);
    enum err_code code = read_log(from, &copy, &err);
    if (code == ERR_OK) code = file_write(to, text_str(&copy), copy.length, &err);
    text_free(&copy);
    return code == ERR_OK ? 0 : complain(&err);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "write") == 0) return write_log(argv[2]);
    if (argc == 3 && strcmp(argv[1], "read") == 0) return print_log(argv[2]);
    if (argc == 4 && strcmp(argv[1], "copy") == 0) return copy_log(argv[2], argv[3]);
    (void)fprintf(stderr, "usage: hdr_tool write LOG | read LOG | copy LOG NEW\n");
    return 2;
}
