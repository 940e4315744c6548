#include "cli/command.h"
#include "cli/starter.h"

#include "base/files.h"
#include "base/visible.h"
#include "profile/profile.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_FILE "rushhour.json"

struct init {
    bool from_env;
};

static const struct option_row options[] = {
    {"from-env", 0, OPTION_FLAG, NULL,
     "fill in what AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY, AZURE_OPENAI_DEPLOYMENT_NAME and\n"
     "AZURE_OPENAI_MODEL say, or OPENAI_API_KEY and OPENAI_MODEL; a key stays where it is",
     offsetof(struct init, from_env)},
};

const struct command init_command = {
    .name = "init",
    .usage = "[FILE] [options]",
    .purpose = "a commented starter profile.\n"
               "FILE is " DEFAULT_FILE " unless named, `-` standard output; a file that is there "
               "stays as it is",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .positional_max = 1,
    .positional_names = "FILE",
    .examples = "  rushhour init\n"
                "  rushhour init peak.json --from-env\n",
    .exit_codes = "  0 written   1 could not be written   2 wrong command line, or nothing in the "
                  "environment\n",
};

/* A file that nobody has. */
static enum err_code put_file(const char *path, const struct text *profile, struct error *err)
{
    int fd;
    enum err_code code = file_create_at(path, &fd, err);
    if (code != ERR_OK) return code;
    size_t done;
    bool whole = file_put(fd, text_str(profile), profile->length, &done);
    int os_error = errno;
    if (close(fd) != 0 && whole) {
        whole = false;
        os_error = errno;
    }
    if (whole) return ERR_OK;
    (void)unlink(path);
    return error_set(err, ERR_IO, "%s: cannot write: %s", path, strerror(os_error));
}

/* What the environment says may be no name of a deployment, or none of a region. */
static enum err_code check(const struct text *json, struct error *err)
{
    struct profile *profile = NULL;
    enum err_code code =
        profile_parse("the profile made of it", text_str(json), json->length, &profile, err);
    profile_free(profile);
    return code;
}

static int tell_next(const char *path, const struct starter *starter)
{
    struct text out = {0};
    struct text shown = {0};
    visible_append(&shown, path);
    path = text_str(&shown);
    text_printf(&out, "%s is written. Next:\n\n", path);
    text_printf(&out,
                "  rushhour run %s --simulate   a rehearsal against the built-in simulator, free\n",
                path);
    if (starter->key_variable == NULL && starter->endpoint == NULL)
        text_printf(
            &out, "  put your endpoint and deployment into it, and export AZURE_OPENAI_API_KEY\n");
    text_printf(&out, "  rushhour check %s            does the region answer? if not, why not?\n",
                path);
    text_printf(&out, "  rushhour run %s --dry-run    what it will send and cost\n", path);
    text_printf(&out, "  rushhour run %s\n", path);
    int status = print_out(text_str(&out));
    text_free(&shown);
    text_free(&out);
    return status;
}

int command_init(int argc, char **argv)
{
    struct init init = {0};
    struct command_line line;
    int status;
    if (!cli_begin(&init_command, &init, &line, argc, argv, &status)) return status;
    const char *path = line.positional_count > 0 ? line.positional[0] : DEFAULT_FILE;
    struct starter starter = {0};
    struct text origin = {0};
    struct text profile = {0};
    struct error err = {0};
    enum err_code code = ERR_OK;
    if (init.from_env) code = starter_from_environment(&starter, &origin, &err);
    if (code == ERR_OK) {
        starter_write(&starter, &profile);
        code = profile.failed || origin.failed
                   ? error_set(&err, ERR_NOMEM, "no memory for the profile")
                   : check(&profile, &err);
    }
    if (code == ERR_OK && strcmp(path, "-") == 0) {
        status = print_out(text_str(&profile));
    } else if (code == ERR_OK) {
        code = put_file(path, &profile, &err);
        if (code == ERR_OK) status = tell_next(path, &starter);
    }
    text_free(&profile);
    text_free(&origin);
    return code == ERR_OK ? status : cli_complain(&err);
}
