/*
 * Rotation of a file that grows for days: once it is long enough it gets the name of a part
 * (record/parts.h), and a new one takes its place; the part is compressed bit by bit, beside the
 * run. Whatever moment the process or the disk ends at, each line is in one file that readers read:
 * a part is plain until its compressed form is whole and on the disk.
 */
#include "record/parts.h"
#include "record/run_store_private.h"

#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define UNFINISHED ".new"

/* So much of a part is compressed at once: some milliseconds. */
#define SLICE_BYTES ((size_t)256 << 10)

/* After a failure. */
#define AGAIN_NS ((uint64_t)60 * NS_PER_S)

#define GZIP_WINDOW (15 + 16)
#define GZIP_MEMORY 8

struct rotation {
    enum run_file file;
    uint64_t at; /* bytes */
    char *header;
    unsigned last;     /* number of the newest part */
    bool left;         /* there may be plain parts */
    uint64_t again_ns; /* not before that; 0: at once */
    /* the part that is being compressed */
    unsigned number; /* 0: none */
    int from, to;
    z_stream stream;
    unsigned char in[SLICE_BYTES], out[SLICE_BYTES];
};

bool run_store_rotates(struct run_store *store, enum run_file file, uint64_t at, const char *header)
{
    struct rotation *rotation = calloc(1, sizeof *rotation);
    if (rotation == NULL) return false;
    rotation->file = file;
    rotation->at = at;
    rotation->from = rotation->to = -1;
    rotation->header = strdup(header);
    store->rotation = rotation;
    return rotation->header != NULL;
}

/* ---- compressing ---- */

static void names_of(const struct rotation *rotation, char plain[PART_NAME_SIZE],
                     char compressed[PART_NAME_SIZE], char unfinished[PART_NAME_SIZE + 8])
{
    const char *name = run_file_names[rotation->file];
    part_name(name, rotation->number, false, plain);
    part_name(name, rotation->number, true, compressed);
    (void)snprintf(unfinished, PART_NAME_SIZE + 8, "%s" UNFINISHED, compressed);
}

static void let_go(struct rotation *rotation)
{
    if (rotation->to >= 0) {
        (void)deflateEnd(&rotation->stream);
        (void)close(rotation->to);
    }
    if (rotation->from >= 0) (void)close(rotation->from);
    rotation->from = rotation->to = -1;
    rotation->number = 0;
}

/* The part stays plain for now. */
static void give_up(struct run_store *store)
{
    struct rotation *rotation = store->rotation;
    char plain[PART_NAME_SIZE];
    char compressed[PART_NAME_SIZE];
    char unfinished[PART_NAME_SIZE + 8];
    if (rotation->number == 0) return;
    names_of(rotation, plain, compressed, unfinished);
    if (rotation->to >= 0) (void)unlinkat(store->folder.fd, unfinished, 0);
    let_go(rotation);
    rotation->left = true;
    rotation->again_ns = clock_mono_ns() + AGAIN_NS;
}

/* Takes up the oldest part that is plain. */
static void take_up(struct run_store *store)
{
    struct rotation *rotation = store->rotation;
    rotation->left = false;
    for (unsigned number = 1; number <= rotation->last; number++) {
        char plain[PART_NAME_SIZE];
        part_name(run_file_names[rotation->file], number, false, plain);
        rotation->from = file_open_in(&store->folder, plain);
        if (rotation->from < 0) continue;
        rotation->number = number;
        rotation->left = true; /* there may be more */
        return;
    }
}

static bool begin_to_compress(struct run_store *store)
{
    struct rotation *rotation = store->rotation;
    char plain[PART_NAME_SIZE];
    char compressed[PART_NAME_SIZE];
    char unfinished[PART_NAME_SIZE + 8];
    names_of(rotation, plain, compressed, unfinished);
    (void)unlinkat(store->folder.fd, unfinished, 0); /* of a run that was killed */
    if (file_create(&store->folder, unfinished, store->mode, &rotation->to, NULL) != ERR_OK)
        return false;
    rotation->stream = (z_stream){0};
    if (deflateInit2(&rotation->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
                     Z_DEFAULT_STRATEGY) == Z_OK)
        return true;
    (void)close(rotation->to);
    rotation->to = -1;
    (void)unlinkat(store->folder.fd, unfinished, 0);
    return false;
}

/* Writes what the compressor has. False: the disk did not take it. */
static bool drain(struct rotation *rotation, int flush, bool *over)
{
    z_stream *stream = &rotation->stream;
    do {
        size_t done;
        stream->next_out = rotation->out;
        stream->avail_out = (unsigned)SLICE_BYTES;
        *over = deflate(stream, flush) == Z_STREAM_END;
        const size_t made = SLICE_BYTES - stream->avail_out;
        if (!file_put(rotation->to, (const char *)rotation->out, made, &done)) return false;
    } while (stream->avail_out == 0);
    return true;
}

/* The compressed part is whole: it takes the place of the plain one. */
static bool replace_part(struct run_store *store)
{
    struct rotation *rotation = store->rotation;
    char plain[PART_NAME_SIZE];
    char compressed[PART_NAME_SIZE];
    char unfinished[PART_NAME_SIZE + 8];
    names_of(rotation, plain, compressed, unfinished);
    if (fsync(rotation->to) != 0) return false;
    if (!file_rename(&store->folder, unfinished, compressed)) return false;
    if (fsync(store->folder.fd) != 0) return true; /* both stay, and one is read */
    (void)unlinkat(store->folder.fd, plain, 0);
    return true;
}

static void compress_slice(struct run_store *store)
{
    struct rotation *rotation = store->rotation;
    if (rotation->to < 0 && !begin_to_compress(store)) {
        give_up(store);
        return;
    }
    bool over = false;
    ssize_t got;
    do {
        got = read(rotation->from, rotation->in, SLICE_BYTES);
    } while (got < 0 && errno == EINTR);
    rotation->stream.next_in = rotation->in;
    rotation->stream.avail_in = got > 0 ? (unsigned)got : 0;
    if (got < 0 || !drain(rotation, got == 0 ? Z_FINISH : Z_NO_FLUSH, &over) ||
        (over && !replace_part(store))) {
        give_up(store);
    } else if (over) {
        let_go(rotation);
    }
}

/* ---- rotating ---- */

/* The file that takes over, with its header row; -1 where the disk has no room for it. */
static int make_successor(struct run_store *store, const char *name)
{
    const char *header = store->rotation->header;
    int fd;
    size_t done;
    (void)unlinkat(store->folder.fd, name, 0); /* of a run that was killed */
    if (file_create(&store->folder, name, store->mode, &fd, NULL) != ERR_OK) return -1;
    if (file_put(fd, header, strlen(header), &done) && fsync(fd) == 0) return fd;
    (void)close(fd);
    (void)unlinkat(store->folder.fd, name, 0);
    return -1;
}

/* Between the two names that change there is no attempts.csv, but all of its parts. */
static bool change_names(struct run_store *store, const char *successor)
{
    struct rotation *rotation = store->rotation;
    const char *name = run_file_names[rotation->file];
    char part[PART_NAME_SIZE];
    bool moved = false;
    while (!moved && rotation->last < PART_MOST) {
        part_name(name, rotation->last + 1, false, part);
        moved = file_rename(&store->folder, name, part);
        if (!moved && errno != EEXIST) return false;
        rotation->last++;
    }
    if (moved && file_rename(&store->folder, successor, name)) return true;
    if (moved) (void)file_rename(&store->folder, part, name);
    return false;
}

static void rotate(struct run_store *store)
{
    struct rotation *rotation = store->rotation;
    char successor[PART_NAME_SIZE];
    const int old = store->files[rotation->file];
    (void)snprintf(successor, sizeof successor, "%s" UNFINISHED, run_file_names[rotation->file]);
    const int fd = make_successor(store, successor);
    if (fd >= 0 && fdatasync(old) == 0 && lseek(old, 0, SEEK_SET) == 0 &&
        change_names(store, successor)) {
        store->files[rotation->file] = fd;
        rotation->number = rotation->last;
        rotation->from = old;
        return;
    }
    if (fd >= 0) {
        (void)close(fd);
        (void)unlinkat(store->folder.fd, successor, 0);
    }
    rotation->again_ns = clock_mono_ns() + AGAIN_NS;
}

void run_store_rotate(struct run_store *store)
{
    struct rotation *rotation = store->rotation;
    struct stat status;
    if (rotation == NULL || store->first != NULL || store->lost) return;
    if (rotation->again_ns != 0 && clock_mono_ns() < rotation->again_ns) return;
    rotation->again_ns = 0;
    if (rotation->number != 0) {
        compress_slice(store);
        return;
    }
    if (rotation->left) take_up(store);
    if (rotation->number != 0 || fstat(store->files[rotation->file], &status) != 0) return;
    if ((uint64_t)status.st_size < rotation->at || !run_store_in_place(store, rotation->file))
        return;
    rotate(store);
}

void run_store_rotate_end(struct run_store *store)
{
    if (store->rotation != NULL) give_up(store);
}

/* ---- moving ---- */

/* False: it is not there, or not whole. */
static bool copy_part(struct run_store *store, const struct folder *to, const char *name)
{
    char buffer[64 * 1024];
    size_t done;
    int out = -1;
    ssize_t got = 1;
    const int in = file_open_in(&store->folder, name);
    if (in < 0) return false;
    bool whole = file_create(to, name, store->mode, &out, NULL) == ERR_OK;
    while (whole && got > 0) {
        got = read(in, buffer, sizeof buffer);
        whole = got == 0 || (got > 0 && file_put(out, buffer, (size_t)got, &done));
    }
    if (out >= 0) (void)close(out);
    (void)close(in);
    return whole;
}

void run_store_copy_parts(struct run_store *store, const struct folder *to)
{
    struct rotation *rotation = store->rotation;
    unsigned lost = 0;
    if (rotation == NULL) return;
    give_up(store);
    for (unsigned number = 1; number <= rotation->last; number++) {
        char plain[PART_NAME_SIZE];
        char compressed[PART_NAME_SIZE];
        part_name(run_file_names[rotation->file], number, false, plain);
        part_name(run_file_names[rotation->file], number, true, compressed);
        lost += !copy_part(store, to, plain) && !copy_part(store, to, compressed);
    }
    if (lost == 0) return;
    struct text words = {0};
    text_printf(&words, "%s: %u of its %u rotated parts could not be read back",
                run_file_names[rotation->file], lost, rotation->last);
    run_store_flaw(store, text_str(&words));
    text_free(&words);
}

void run_store_rotate_free(struct run_store *store)
{
    if (store->rotation == NULL) return;
    let_go(store->rotation);
    free(store->rotation->header);
    free(store->rotation);
}
