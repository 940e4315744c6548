/* Several runs in one package: they are merged first, next to it, and only for it. */
#include "package/merged.h"

#include "base/files.h"
#include "base/folders.h"
#include "record/folder.h"
#include "record/manifest_print.h"
#include "record/merge.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/random.h>

static enum err_code write_manifest(const char *folder, const cJSON *manifest, struct error *err)
{
    struct text path = {0};
    struct text content = {0};
    char *printed = manifest_print(manifest, true);
    text_printf(&path, "%s/" RUN_MANIFEST, folder);
    if (printed != NULL) text_puts(&content, printed);
    enum err_code code =
        printed == NULL || path.failed || content.failed
            ? error_set(err, ERR_NOMEM, "no memory for the manifest of the merged runs")
            : file_write(text_str(&path), text_str(&content), content.length, err);
    cJSON_free(printed);
    text_free(&path);
    text_free(&content);
    return code;
}

enum err_code package_merge(const struct package_request *request, struct text *folder,
                            struct text *notes, struct error *err)
{
    cJSON *manifest = NULL;
    uint64_t random = 0; /* in a folder that others write to, nobody shall be there first */
    (void)!getrandom(&random, sizeof random, 0);
    text_printf(folder, "%s.merging%016" PRIx64, request->output, random);
    if (folder->failed) return error_set(err, ERR_NOMEM, "no memory to merge the runs");
    enum err_code code = run_merge(text_str(folder), false, request->runs, request->run_count,
                                   &manifest, notes, err);
    if (code == ERR_OK) {
        code = write_manifest(text_str(folder), manifest, err);
        if (code != ERR_OK) folder_remove(text_str(folder));
    }
    if (code != ERR_OK) text_clear(folder); /* nothing is there */
    cJSON_Delete(manifest);
    return code;
}
