#include "run/pages.h"

#include "base/files.h"
#include "page/page.h"
#include "report/report.h"

static enum err_code write_file(const char *folder, const char *name, const struct text *content,
                                struct error *err)
{
    struct text path = {0};
    text_printf(&path, "%s/%s", folder, name);
    enum err_code code =
        content->failed || path.failed ? error_set(err, ERR_NOMEM, "%s: no memory", name) : ERR_OK;
    if (code == ERR_OK) code = file_write(text_str(&path), text_str(content), content->length, err);
    text_free(&path);
    return code;
}

enum err_code pages_write(const char *folder, const struct results *results, struct error *err)
{
    struct text page = {0};
    results_markdown(results, &page);
    enum err_code code = write_file(folder, "report.md", &page, err);
    text_clear(&page);
    results_html(results, &page);
    if (code == ERR_OK) code = write_file(folder, "report.html", &page, err);
    text_free(&page);
    return code;
}

enum err_code pages_write_manifest(const char *folder, const struct results *results,
                                   cJSON *manifest, struct text *json, struct error *err)
{
    enum err_code code = results_complete_manifest(results, manifest, err);
    char *printed = code == ERR_OK ? cJSON_Print(manifest) : NULL;
    if (code != ERR_OK) return code;
    if (printed == NULL) return error_set(err, ERR_NOMEM, "no memory for run.json");
    text_printf(json, "%s\n", printed);
    cJSON_free(printed);
    return write_file(folder, "run.json", json, err);
}
