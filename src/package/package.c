#include "package/package.h"

#include "base/clock.h"
#include "base/crypto.h"
#include "base/files.h"
#include "base/json.h"
#include "base/memory.h"
#include "package/merged.h"
#include "package/open.h"
#include "package/parts.h"
#include "record/archive.h"
#include "record/folder.h"
#include "record/run_reader.h"
#include "report/azure_tables.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 16

/* A package being written, next to its destination, so that it appears there whole or not at
 * all. */
struct making {
    struct package *package;
    const char *folder;           /* the temporary folder */
    const char *files[FILES_MAX]; /* in the order of the letter; NULL after the last */
    size_t count;
};

void package_made_free(struct package_made *made)
{
    text_free(&made->json);
    text_free(&made->summary);
}

typedef void part_writer(const struct package *package, struct text *out);

/* Writes a text to a file and frees the text. */
static enum err_code put(const struct making *making, const char *name, struct text *content,
                         struct error *err)
{
    struct text path = {0};
    text_printf(&path, "%s/%s", making->folder, name);
    enum err_code code = content->failed || path.failed
                             ? error_set(err, ERR_NOMEM, "%s: no memory to write it", name)
                             : file_write(text_str(&path), text_str(content), content->length, err);
    text_free(&path);
    text_free(content);
    return code;
}

static enum err_code put_part(struct making *making, const char *name, part_writer *write,
                              struct error *err)
{
    struct text content = {0};
    making->files[making->count++] = name;
    write(making->package, &content);
    return put(making, name, &content, err);
}

static const char *simulated_field(const struct package *package)
{
    return results_simulated(package->results) ? ",true" : ",false";
}

static void health_csv(const struct package *package, struct text *out)
{
    azure_health_csv(package->results, simulated_field(package), ",simulated", out);
}

static void metrics_csv(const struct package *package, struct text *out)
{
    azure_metrics_csv(package->results, simulated_field(package), ",simulated", out);
}

static enum err_code write_data(struct making *making, struct error *err)
{
    const struct package *package = making->package;
    const struct azure *azure = package->azure;
    making->files[making->count++] = "failures.csv";
    enum err_code code = package_write_failures(package, making->folder, err);
    if (code == ERR_OK) code = put_part(making, "windows.csv", package_windows_csv, err);
    making->files[making->count++] = "latency.hlog";
    if (code == ERR_OK) code = package_write_latencies(package, making->folder, err);
    if (code == ERR_OK && package->check != NULL)
        code = put_part(making, "check.json", package_check_json, err);
    if (code == ERR_OK && package->check != NULL)
        code = put_part(making, "check.md", package_check_markdown, err);
    if (code == ERR_OK && azure != NULL && azure_has_health(azure))
        code = put_part(making, "service-health.csv", health_csv, err);
    if (code == ERR_OK && azure != NULL && azure_has_metrics(azure))
        code = put_part(making, "azure-metrics.csv", metrics_csv, err);
    if (code == ERR_OK && package->quota == QUOTA_EVIDENCE)
        code = put_part(making, "quota-request.md", package_quota_letter, err);
    return code;
}

/* The letter and the manifest list all files, so they come last. */
static enum err_code write_letters(struct making *making, struct error *err)
{
    struct text letter = {0};
    struct text manifest = {0};
    making->files[making->count] = "manifest.json";
    making->files[making->count + 1] = "support-request.md";
    making->files[making->count + 2] = "SHA256SUMS"; /* both list it, although it is not among
                                                        the summed files */
    package_letter(making->package, making->files, &letter);
    package_manifest(making->package, making->files, &manifest);
    making->files[making->count + 2] = NULL;
    making->count += 2;
    enum err_code code = put(making, "manifest.json", &manifest, err);
    if (code == ERR_OK) return put(making, "support-request.md", &letter, err);
    text_free(&letter);
    return code;
}

static enum err_code sum_file(const char *path, const char *name, struct text *sums,
                              struct error *err)
{
    char buffer[64 * 1024];
    char hex[SHA256_HEX_SIZE];
    size_t got;
    int file;
    enum err_code code = file_open(path, FILE_REGULAR, &file, err);
    if (code != ERR_OK) return code;
    struct sha256 *sum = sha256_start();
    do {
        code = file_get(file, path, buffer, sizeof buffer, &got, err);
        if (got > 0) sha256_add(sum, buffer, got);
    } while (code == ERR_OK && got > 0);
    (void)close(file);
    bool summed = sha256_finish(sum, hex);
    if (code != ERR_OK) return code;
    if (!summed) return error_set(err, ERR_NOMEM, "%s: libcrypto made no SHA-256 of it", path);
    text_printf(sums, "%s  %s\n", hex, name);
    return ERR_OK;
}

static enum err_code write_sums(struct making *making, struct error *err)
{
    struct text sums = {0};
    enum err_code code = ERR_OK;
    for (size_t i = 0; code == ERR_OK && i < making->count; i++) {
        struct text path = {0};
        text_printf(&path, "%s/%s", making->folder, making->files[i]);
        code = sum_file(text_str(&path), making->files[i], &sums, err);
        text_free(&path);
    }
    if (code != ERR_OK) {
        text_free(&sums);
        return code;
    }
    making->files[making->count++] = "SHA256SUMS";
    return put(making, "SHA256SUMS", &sums, err);
}

/* The name of the package's folder, which prefixes every name in the archive. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static enum err_code write_archive(const struct making *making, const char *to, struct error *err)
{
    struct archive *archive;
    enum err_code code = archive_open(to, clock_wall_ns() / NS_PER_S, &archive, err);
    if (code != ERR_OK) return code;
    for (size_t i = 0; code == ERR_OK && i < making->count; i++) {
        struct text name = {0};
        struct text path = {0};
        text_printf(&name, "%s/%s", base_name(making->package->request->output), making->files[i]);
        text_printf(&path, "%s/%s", making->folder, making->files[i]);
        code = archive_add(archive, text_str(&name), text_str(&path), err);
        text_free(&name);
        text_free(&path);
    }
    enum err_code closed = archive_close(archive, code == ERR_OK ? err : NULL);
    return code == ERR_OK ? closed : code;
}

static enum err_code write_files(struct making *making, const char *archive, struct error *err)
{
    enum err_code code = write_data(making, err);
    if (code == ERR_OK) code = write_letters(making, err);
    if (code == ERR_OK)
        code = verify_files(making->folder, making->files, &making->package->digest.hex_ids, err);
    if (code == ERR_OK) code = write_sums(making, err);
    if (code == ERR_OK) code = write_archive(making, archive, err);
    return code;
}

static enum err_code move_both(const char *folder, const char *archive, const char *to_folder,
                               const char *to_archive, struct error *err)
{
    enum err_code code = file_move(folder, to_folder, err);
    if (code != ERR_OK) return code;
    code = file_move(archive, to_archive, err);
    if (code != ERR_OK) folder_remove(to_folder);
    return code;
}

/* An existing folder or archive is someone's evidence and never replaced. */
static enum err_code check_free(const char *path, struct error *err)
{
    struct stat status;
    if (lstat(path, &status) != 0) return ERR_OK;
    return error_set(err, ERR_IO, "%s: is there already: name another place with -o, or remove it",
                     path);
}

static void about_json(const struct making *making, const char *archive, struct text *out)
{
    json_open(out, '{');
    json_put_string(out, "folder", making->package->request->output);
    json_put_string(out, "archive", archive);
    json_key(out, "files");
    json_open(out, '[');
    for (size_t i = 0; i < making->count; i++) json_string(out, making->files[i]);
    json_close(out, ']');
    json_key(out, "package");
    package_json(making->package, out);
    json_close(out, '}');
    text_puts(out, "\n");
}

static enum err_code make(struct package *package, struct package_made *made, const char *archive,
                          struct error *err)
{
    const char *output = package->request->output;
    struct text folder = {0};
    struct text packed = {0};
    uint64_t random = 0; /* in a folder that others write to, nobody shall be there first */
    (void)!getrandom(&random, sizeof random, 0);
    text_printf(&folder, "%s.partial%016" PRIx64, output, random);
    text_printf(&packed, "%s.tar.gz", text_str(&folder));
    struct making making = {.package = package, .folder = text_str(&folder)};
    size_t made_from;
    enum err_code code = folder_make_empty(text_str(&folder), &made_from, err);
    if (code == ERR_OK) {
        code = write_files(&making, text_str(&packed), err);
        if (code == ERR_OK && memory_ran_out())
            code = error_set(err, ERR_NOMEM, "%s: no memory to make it", output);
        if (code == ERR_OK)
            code = move_both(text_str(&folder), text_str(&packed), output, archive, err);
        if (code != ERR_OK) {
            folder_remove(text_str(&folder));
            (void)unlink(text_str(&packed));
            folder_unmake(text_str(&folder), made_from);
        }
    }
    if (code == ERR_OK) {
        about_json(&making, archive, &made->json);
        package_summary(package, archive, making.count, &made->summary);
    }
    text_free(&folder);
    text_free(&packed);
    return code;
}

/* Keeps the manifests of several runs, which the merged one does not hold whole. */
static enum err_code keep_manifests(struct package *package, struct error *err)
{
    const struct package_request *request = package->request;
    enum err_code code = ERR_OK;
    if (request->run_count < 2) return ERR_OK;
    package->manifests = calloc(request->run_count, sizeof(cJSON *));
    if (package->manifests == NULL) return error_set(err, ERR_NOMEM, "no memory for the runs");
    for (size_t i = 0; code == ERR_OK && i < request->run_count; i++) {
        struct run_reader *reader;
        code = run_reader_open(request->runs[i], &reader, err);
        if (code != ERR_OK) break;
        package->manifests[i] = cJSON_Duplicate(run_reader_manifest(reader), true);
        run_reader_close(reader);
        if (package->manifests[i] == NULL)
            code = error_set(err, ERR_NOMEM, "no memory for the runs");
    }
    return code;
}

static enum err_code make_of(const struct package_request *request, struct text *notes,
                             struct package_made *made, struct error *err)
{
    struct package package = {.request = request};
    struct text archive = {0};
    text_puts(&package.notes, text_str(notes));
    text_printf(&archive, "%s.tar.gz", request->output);
    enum err_code code = keep_manifests(&package, err);
    if (code == ERR_OK) code = package_open(&package, err);
    if (code == ERR_OK) code = make(&package, made, text_str(&archive), err);
    if (code == ERR_OK && (made->json.failed || made->summary.failed))
        code = error_set(err, ERR_NOMEM, "no memory to describe the package");
    package_close(&package);
    text_free(&archive);
    return code;
}

enum err_code package_make(const struct package_request *request, struct package_made *made,
                           struct error *err)
{
    struct package_request of = *request;
    struct text archive = {0};
    struct text merged = {0};
    struct text notes = {0};
    text_printf(&archive, "%s.tar.gz", request->output);
    enum err_code code = check_free(request->output, err);
    if (code == ERR_OK) code = check_free(text_str(&archive), err);
    if (code == ERR_OK && request->run_count > 1)
        code = package_merge(request, &merged, &notes, err);
    of.folder = merged.length > 0 ? text_str(&merged) : request->runs[0];
    if (code == ERR_OK) code = make_of(&of, &notes, made, err);
    if (merged.length > 0) folder_remove(text_str(&merged));
    text_free(&archive);
    text_free(&merged);
    text_free(&notes);
    return code;
}
