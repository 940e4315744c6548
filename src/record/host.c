#include "record/host.h"

#include "base/files.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#define SMALL_FILE ((size_t)65536)

/* The value of PRETTY_NAME in os-release(5), or false. */
static bool os_release_name(struct text *out)
{
    static const char key[] = "PRETTY_NAME=";
    struct text file = {0};
    const char *name = NULL;
    if (file_read("/etc/os-release", SMALL_FILE, &file, NULL) == ERR_OK) {
        for (const char *line = text_str(&file); line != NULL && name == NULL;) {
            if (strncmp(line, key, sizeof key - 1) == 0) name = line + sizeof key - 1;
            line = strchr(line, '\n');
            if (line != NULL) line++;
        }
    }
    if (name != NULL) {
        name += strspn(name, "\"'");
        text_append(out, name, strcspn(name, "\"'\n"));
    }
    text_free(&file);
    return out->length > 0;
}

/* Extracts the IANA name from a path such as /usr/share/zoneinfo/Europe/Berlin. */
static const char *zone_of_path(const char *path)
{
    const char *found = strstr(path, "zoneinfo/");
    return found == NULL ? NULL : found + strlen("zoneinfo/");
}

static bool zone_of_machine(struct text *out)
{
    const char *tz = getenv("TZ");
    if (tz != NULL && *tz != '\0') {
        tz += *tz == ':';
        text_puts(out, zone_of_path(tz) == NULL ? tz : zone_of_path(tz));
        return true;
    }
    char path[1024];
    ssize_t length = readlink("/etc/localtime", path, sizeof path - 1);
    if (length > 0) {
        path[length] = '\0';
        if (zone_of_path(path) != NULL) text_puts(out, zone_of_path(path));
    }
    if (out->length == 0) {
        struct text file = {0};
        if (file_read("/etc/timezone", 256, &file, NULL) == ERR_OK) {
            text_append(out, text_str(&file), strcspn(text_str(&file), " \t\r\n"));
        }
        text_free(&file);
    }
    return out->length > 0;
}

static bool add_string(cJSON *host, const char *key, const char *value)
{
    cJSON *item = value == NULL ? cJSON_CreateNull() : cJSON_CreateString(value);
    if (cJSON_AddItemToObject(host, key, item)) return true;
    cJSON_Delete(item);
    return false;
}

static bool add_number(cJSON *host, const char *key, double value)
{
    if (value <= 0) return cJSON_AddNullToObject(host, key) != NULL;
    return cJSON_AddNumberToObject(host, key, value) != NULL;
}

cJSON *host_facts(void)
{
    struct text os = {0};
    struct text zone = {0};
    struct utsname names = {0};
    bool named = uname(&names) == 0;
    const char *system = named ? names.sysname : NULL;
    cJSON *host = cJSON_CreateObject();
    bool ok = host != NULL && add_string(host, "os", os_release_name(&os) ? os.data : system) &&
              add_string(host, "kernel", named ? names.release : NULL) &&
              add_string(host, "architecture", named ? names.machine : NULL) &&
              add_number(host, "cpus", (double)sysconf(_SC_NPROCESSORS_ONLN)) &&
              add_number(host, "memory_bytes",
                         (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE)) &&
              add_string(host, "time_zone", zone_of_machine(&zone) ? zone.data : NULL);
    text_free(&os);
    text_free(&zone);
    if (ok) return host;
    cJSON_Delete(host);
    return NULL;
}
