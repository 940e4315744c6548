#include "record/archive.h"

#include "base/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#define BLOCK 512

/* The header of an entry: POSIX.1-1988, "ustar Interchange Format". Numbers are octal text. */
struct ustar {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], typeflag,
        linkname[100];
    char magic[6], version[2], uname[32], gname[32], devmajor[8], devminor[8], prefix[155],
        padding[12];
};
_Static_assert(sizeof(struct ustar) == BLOCK, "a header is one block");

struct archive {
    char *path;
    gzFile file;
    int fd; /* a duplicate, so that the file can be synced after zlib has closed its own */
    int64_t modified_s;
};

static enum err_code write_failed(const struct archive *archive, struct error *err)
{
    int kind = Z_OK;
    const char *why = gzerror(archive->file, &kind);
    return error_set(err, ERR_IO, "%s: cannot write: %s", archive->path,
                     kind == Z_ERRNO || why == NULL ? strerror(errno) : why);
}

static enum err_code put(struct archive *archive, const void *bytes, size_t length,
                         struct error *err)
{
    if (length == 0 || gzwrite(archive->file, bytes, (unsigned)length) == (int)length)
        return ERR_OK;
    return write_failed(archive, err);
}

enum err_code archive_open(const char *path, int64_t modified_s, struct archive **out,
                           struct error *err)
{
    *out = NULL;
    int fd;
    enum err_code code = file_create_at(path, &fd, err);
    if (code != ERR_OK) return code;
    struct archive *archive = calloc(1, sizeof *archive);
    if (archive != NULL) {
        archive->modified_s = modified_s;
        archive->path = strdup(path);
        archive->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        archive->file = gzdopen(fd, "wb6");
    }
    if (archive != NULL && archive->path != NULL && archive->fd >= 0 && archive->file != NULL) {
        *out = archive;
        return ERR_OK;
    }
    if (archive == NULL || archive->file == NULL) (void)close(fd);
    if (archive != NULL) {
        if (archive->file != NULL) (void)gzclose(archive->file);
        if (archive->fd >= 0) (void)close(archive->fd);
        free(archive->path);
    }
    free(archive);
    (void)unlink(path);
    return error_set(err, ERR_NOMEM, "%s: no memory for the archive", path);
}

/* Splits a name at a '/' so that both parts fit; false if that is impossible. */
static bool place_name(struct ustar *header, const char *name)
{
    size_t length = strlen(name);
    if (length <= sizeof header->name) {
        memcpy(header->name, name, length);
        return length > 0;
    }
    for (const char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t before = (size_t)(slash - name);
        size_t behind = length - before - 1;
        if (before > sizeof header->prefix || behind > sizeof header->name || behind == 0) continue;
        memcpy(header->prefix, name, before);
        memcpy(header->name, slash + 1, behind);
        return true;
    }
    return false;
}

static void octal(char *field, size_t size, uint64_t value)
{
    field[size - 1] = '\0';
    for (size_t i = size - 1; i > 0; i--, value /= 8) field[i - 1] = (char)('0' + value % 8);
}

static void seal(struct ustar *header)
{
    unsigned sum = 0;
    memset(header->checksum, ' ', sizeof header->checksum);
    const unsigned char *bytes = (const unsigned char *)header;
    for (size_t i = 0; i < BLOCK; i++) sum += bytes[i];
    octal(header->checksum, 7, sum); /* six digits, a NUL and the space already there */
}

static enum err_code put_header(struct archive *archive, const char *name, uint64_t size,
                                struct error *err)
{
    struct ustar header = {.typeflag = '0', .magic = "ustar", .version = {'0', '0'}};
    if (!place_name(&header, name))
        return error_set(err, ERR_USAGE,
                         "%s: the name is too long for a tar archive: choose a shorter one", name);
    if (size >= UINT64_C(1) << 33)
        return error_set(err, ERR_IO, "%s: is over 8 GiB: too large for tar", name);
    octal(header.mode, sizeof header.mode, 0644);
    octal(header.uid, sizeof header.uid, 0);
    octal(header.gid, sizeof header.gid, 0);
    octal(header.size, sizeof header.size, size);
    octal(header.mtime, sizeof header.mtime,
          archive->modified_s > 0 ? (uint64_t)archive->modified_s : 0);
    seal(&header);
    return put(archive, &header, sizeof header, err);
}

/* Writes exactly `size` bytes of the file, as promised in the header. */
static enum err_code put_content(struct archive *archive, const char *path, int file, uint64_t size,
                                 struct error *err)
{
    static const char zeros[BLOCK];
    char buffer[64 * 1024];
    uint64_t left = size;
    while (left > 0) {
        size_t part = left < sizeof buffer ? (size_t)left : sizeof buffer;
        enum err_code code = file_get(file, path, buffer, part, &part, err);
        if (code == ERR_OK && part == 0)
            code = error_set(err, ERR_IO, "%s: became shorter while it was read", path);
        if (code == ERR_OK) code = put(archive, buffer, part, err);
        if (code != ERR_OK) return code;
        left -= part;
    }
    return put(archive, zeros, (BLOCK - (size_t)(size % BLOCK)) % BLOCK, err);
}

enum err_code archive_add(struct archive *archive, const char *name, const char *path,
                          struct error *err)
{
    int file;
    struct stat status;
    enum err_code code = file_open(path, FILE_REGULAR, &file, err);
    if (code != ERR_OK) return code;
    if (fstat(file, &status) != 0)
        code = error_set(err, ERR_IO, "%s: cannot read: %s", path, strerror(errno));
    if (code == ERR_OK) code = put_header(archive, name, (uint64_t)status.st_size, err);
    if (code == ERR_OK) code = put_content(archive, path, file, (uint64_t)status.st_size, err);
    (void)close(file);
    return code;
}

enum err_code archive_close(struct archive *archive, struct error *err)
{
    static const char zeros[2 * BLOCK];
    if (archive == NULL) return ERR_OK;
    enum err_code code = put(archive, zeros, sizeof zeros, err);
    bool closed = gzclose(archive->file) == Z_OK;
    bool synced = fsync(archive->fd) == 0;
    if (code == ERR_OK && (!closed || !synced))
        code = error_set(err, ERR_IO, "%s: cannot write: %s", archive->path, strerror(errno));
    (void)close(archive->fd);
    free(archive->path);
    free(archive);
    return code;
}
