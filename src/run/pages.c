#include "run/pages.h"

#include "base/files.h"
#include "base/memory.h"
#include "page/page.h"
#include "record/folder.h"
#include "record/manifest_print.h"
#include "report/report.h"

#include <fcntl.h>
#include <sys/stat.h>

enum err_code pages_put(const char *folder, const char *name, const struct text *content,
                        struct error *err)
{
    struct folder handle;
    struct stat status;
    if (content->failed || memory_ran_out())
        return error_set(err, ERR_NOMEM, "%s: no memory", name);
    enum err_code code = folder_open(folder, &handle, err);
    if (code != ERR_OK) return code;
    /* whoever may read run.json may read the rest, and it, whoever may enter its folder */
    const bool known = fstatat(handle.fd, RUN_MANIFEST, &status, AT_SYMLINK_NOFOLLOW) == 0 ||
                       fstat(handle.fd, &status) == 0;
    code = file_replace(&handle, name, known ? status.st_mode & 0666 : 0600, text_str(content),
                        content->length, err);
    folder_close(&handle);
    return code;
}

enum err_code pages_write(const char *folder, const struct results *results, struct error *err)
{
    struct text page = {0};
    results_markdown(results, &page);
    enum err_code code = pages_put(folder, "report.md", &page, err);
    text_clear(&page);
    results_html(results, &page);
    if (code == ERR_OK) code = pages_put(folder, "report.html", &page, err);
    text_free(&page);
    return code;
}

enum err_code pages_write_manifest(const char *folder, const struct results *results,
                                   cJSON *manifest, struct text *json, struct error *err)
{
    enum err_code code = results_complete_manifest(results, manifest, err);
    char *printed = code == ERR_OK ? manifest_print(manifest, true) : NULL;
    if (code != ERR_OK) return code;
    if (printed == NULL) return error_set(err, ERR_NOMEM, "no memory for run.json");
    text_printf(json, "%s\n", printed);
    cJSON_free(printed);
    return pages_put(folder, RUN_MANIFEST, json, err);
}
