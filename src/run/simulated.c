#include "run/simulated.h"

#include "base/files.h"
#include "base/secret.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define READY_LIMIT_MS 15000
#define STOP_LIMIT_MS 15000
/* Its turns come every 50 ms; this much may be on the way. */
#define UNTOLD_NS (250 * NS_PER_MS)
#define READY_SIZE ((size_t)1 << 20)

/* Its standard input carries our clock, and closing it ends the simulator. */
struct simulator_process {
    struct simulated *simulated;
    uv_process_t process;
    uv_pipe_t input, output;
    uv_timer_t patience;
    struct text ready;
    char line[64]; /* of its later output, as far as it has come */
    size_t line_length;
    struct loop_turns turns;
    uint64_t origin_ns; /* of the clock that it was sent, from which its turns are due */
    bool has_ledger, has_ready, exited, stopping, timed_out;
    int64_t exit_status;
    int exit_signal;
    unsigned closing; /* handles that are closing */
    char chunk[16384];
};

static void on_exit_of_simulator(uv_process_t *process, int64_t exit_status, int signal_number)
{
    struct simulator_process *simulator = process->data;
    simulator->exited = true;
    simulator->exit_status = exit_status;
    simulator->exit_signal = signal_number;
    uv_stop(process->loop);
    const struct simulated *simulated = simulator->simulated;
    if (!simulator->stopping && simulated->on_lost != NULL) simulated->on_lost(simulated->user);
}

static void allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    (void)suggested;
    struct simulator_process *simulator = handle->data;
    *buffer = uv_buf_init(simulator->chunk, sizeof simulator->chunk);
}

/* After the ready line: "turns ALL LATE" (cli/simulate.c). */
static void take_turns(struct simulator_process *simulator, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != '\n') {
            if (simulator->line_length + 1 < sizeof simulator->line)
                simulator->line[simulator->line_length++] = bytes[i];
            continue;
        }
        simulator->line[simulator->line_length] = '\0';
        simulator->line_length = 0;
        struct loop_turns turns;
        if (sscanf(simulator->line, "turns %" SCNu64 " %" SCNu64, &turns.all, &turns.late) == 2)
            simulator->turns = turns;
    }
}

static void on_output(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer)
{
    struct simulator_process *simulator = stream->data;
    if (length < 0) {
        (void)uv_read_stop(stream);
        return;
    }
    if (simulator->has_ready) take_turns(simulator, buffer->base, (size_t)length);
    if (simulator->has_ready || simulator->ready.length > READY_SIZE) return;
    text_append(&simulator->ready, buffer->base, (size_t)length);
    if (memchr(buffer->base, '\n', (size_t)length) != NULL) {
        simulator->has_ready = true;
        uv_stop(stream->loop);
    }
}

static void on_patience(uv_timer_t *timer)
{
    struct simulator_process *simulator = timer->data;
    simulator->timed_out = true;
    uv_stop(timer->loop);
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct simulator_process *simulator = handle->data;
    simulator->closing--;
}

static void close_if_open(struct simulator_process *simulator, uv_handle_t *handle)
{
    if (handle->loop == NULL || uv_is_closing(handle)) return;
    simulator->closing++;
    uv_close(handle, on_handle_closed);
}

/* ---- starting ---- */

/* The profile's own text, which the simulator finds as its descriptor 3: the file may be a pipe,
 * which can be read once, or may have changed meanwhile. -1 with errno. */
static int hold_profile(const struct profile *profile)
{
    size_t done;
    const int fd = memfd_create("rushhour profile", MFD_CLOEXEC);
    if (fd < 0) return -1;
    if (file_put(fd, profile->json, strlen(profile->json), &done) && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/* Of our environment, in which keys stand, the simulator gets only what says where files and
 * libraries are. */
#define ENVIRONMENT_MOST 8

static void choose_environment(char *chosen[ENVIRONMENT_MOST + 1])
{
    static const char *const names[] = {
        "TMPDIR=",       "TZDIR=",         "LD_LIBRARY_PATH=", "ASAN_OPTIONS=",
        "LSAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS="};
    size_t count = 0;
    for (char **entry = environ; *entry != NULL && count < ENVIRONMENT_MOST; entry++) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (strncmp(*entry, names[i], strlen(names[i])) != 0) continue;
            chosen[count++] = *entry;
            break;
        }
    }
    chosen[count] = NULL;
}

static enum err_code spawn(struct simulator_process *simulator, struct error *err)
{
    char *environment[ENVIRONMENT_MOST + 1];
    const struct simulated *simulated = simulator->simulated;
    uv_loop_t *loop = simulated->loop;
    char seed[32], shard[32];
    (void)snprintf(seed, sizeof seed, "%" PRIu64, simulated->seed);
    (void)snprintf(shard, sizeof shard, "%u", simulated->shard);
    char executable[4096];
    size_t length = sizeof executable;
    int status = uv_exepath(executable, &length);
    char *arguments[] = {executable,     "simulate", simulated->profile->file,
                         "--controlled", "--seed",   seed,
                         NULL,           NULL,       NULL,
                         NULL,           NULL};
    size_t count = 6;
    if (simulated->by_user) {
        arguments[count++] = "--by-user";
        arguments[count++] = shard;
    }
    if (simulated->ledger != NULL) {
        arguments[count++] = "--ledger";
        arguments[count] = simulated->ledger;
    }
    uv_stdio_container_t streams[] = {
        {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE,
         .data.stream = (uv_stream_t *)&simulator->input},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE,
         .data.stream = (uv_stream_t *)&simulator->output},
        {.flags = UV_INHERIT_FD, .data.fd = 2},
        {.flags = UV_INHERIT_FD, .data.fd = hold_profile(simulated->profile)},
    };
    const uv_process_options_t options = {
        .exit_cb = on_exit_of_simulator,
        .file = executable,
        .args = arguments,
        .env = environment,
        .stdio = streams,
        .stdio_count = 4,
    };
    choose_environment(environment);
    (void)uv_pipe_init(loop, &simulator->input, 0);
    (void)uv_pipe_init(loop, &simulator->output, 0);
    simulator->input.data = simulator->output.data = simulator->process.data = simulator;
    if (status == 0 && streams[3].data.fd < 0) status = uv_translate_sys_error(errno);
    if (status == 0) status = uv_spawn(loop, &simulator->process, &options);
    if (streams[3].data.fd >= 0) (void)close(streams[3].data.fd);
    if (status != 0) {
        simulator->exited = true;
        return error_set(err, ERR_IO, "cannot start the simulator: %s", uv_strerror(status));
    }
    (void)uv_read_start((uv_stream_t *)&simulator->output, allocate, on_output);
    return ERR_OK;
}

/* Runs the loop until the simulator has printed something, ended, or exceeded the time limit. */
static void wait_for(struct simulator_process *simulator,
                     bool (*done)(const struct simulator_process *), uint64_t limit_ms)
{
    (void)uv_timer_start(&simulator->patience, on_patience, limit_ms, 0);
    simulator->timed_out = false;
    while (!done(simulator) && !simulator->timed_out)
        (void)uv_run(simulator->simulated->loop, UV_RUN_DEFAULT);
    (void)uv_timer_stop(&simulator->patience);
}

static bool is_ready(const struct simulator_process *simulator)
{
    return simulator->has_ready || simulator->exited || *simulator->simulated->interrupts > 0;
}

static bool has_exited(const struct simulator_process *simulator)
{
    return simulator->exited;
}

static struct region *find_region(struct profile *profile, const char *name)
{
    for (size_t i = 0; i < profile->region_count; i++) {
        if (strcmp(profile->regions[i].name, name) == 0) return &profile->regions[i];
    }
    return NULL;
}

static const char *string_of(const cJSON *object, const char *key)
{
    const char *string = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return string != NULL ? string : "";
}

/* Points a region at the simulator: its address, its key and, if the region has a proxy, the
 * simulator's proxy. */
static enum err_code take_region(struct simulated *simulated, const cJSON *entry, const char *proxy,
                                 struct error *err)
{
    struct region *region = find_region(simulated->profile, string_of(entry, "name"));
    if (region == NULL) return ERR_OK; /* dropped by --region */
    const char *address = string_of(entry, "address");
    const char *colon = strrchr(address, ':');
    bool lost = false;
    struct connect_override *connect_override =
        &simulated->connect_overrides[simulated->connect_override_count];
    if (simulated->connect_override_count == CONNECT_OVERRIDES_MOST || colon == NULL) {
        return error_set(err, ERR_USAGE,
                         "region %s: more than %d regions cannot be simulated in one run",
                         region->name, CONNECT_OVERRIDES_MOST);
    }
    connect_override->region =
        region->name; /* two regions may share a host, but have separate listeners */
    connect_override->host = strdup(region->host);
    connect_override->port = region->port;
    connect_override->address = strndup(address, (size_t)(colon - address));
    connect_override->address_port = (uint16_t)strtoul(colon + 1, NULL, 10);
    simulated->connect_override_count++;
    secret_free(region->auth.secret);
    region->auth.secret = secret_copy(string_of(entry, "api_key"));
    region->auth.kind = region->auth.kind == AUTH_NONE ? AUTH_API_KEY : region->auth.kind;
    if (region->proxy != NULL || region->proxy_source != NULL) {
        secret_free(region->proxy);
        region->proxy = secret_copy(proxy);
        lost = region->proxy == NULL;
    }
    if (lost || connect_override->host == NULL || connect_override->address == NULL ||
        region->auth.secret == NULL) {
        return error_set(err, ERR_NOMEM, "region %s: no memory", region->name);
    }
    return ERR_OK;
}

static enum err_code take_ready(struct simulator_process *simulator, struct error *err)
{
    struct simulated *simulated = simulator->simulated;
    cJSON *ready = cJSON_Parse(text_str(&simulator->ready));
    enum err_code code = ERR_OK;
    const cJSON *entry = NULL;
    if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(ready, "ready"))) {
        code = error_set(err, ERR_FORMAT, "the simulator did not say that it is ready");
    }
    simulated->ca_file = strdup(string_of(ready, "ca_file"));
    cJSON_ArrayForEach(entry, cJSON_GetObjectItemCaseSensitive(ready, "regions"))
    {
        if (code == ERR_OK) code = take_region(simulated, entry, string_of(ready, "proxy"), err);
    }
    cJSON_Delete(ready);
    if (code == ERR_OK && simulated->ca_file == NULL) code = error_set(err, ERR_NOMEM, "no memory");
    return code;
}

enum err_code simulated_start(struct simulated *simulated, struct error *err)
{
    struct simulator_process *simulator = calloc(1, sizeof *simulator);
    if (simulator == NULL) return error_set(err, ERR_NOMEM, "no memory for the simulator");
    secret_protect_process(); /* a rehearsal is started with the keys of a real run */
    simulated->process = simulator;
    simulator->simulated = simulated;
    simulator->has_ledger = simulated->ledger != NULL;
    (void)uv_timer_init(simulated->loop, &simulator->patience);
    simulator->patience.data = simulator;
    enum err_code code = spawn(simulator, err);
    if (code != ERR_OK) return code;
    wait_for(simulator, is_ready, READY_LIMIT_MS);
    if (simulator->exited)
        return error_set(err, ERR_IO, "the simulator could not start (its reason stands above)");
    if (*simulated->interrupts > 0)
        return error_set(err, ERR_IO, "interrupted before the load began");
    if (!simulator->has_ready)
        return error_set(err, ERR_IO, "the simulator was not ready within %d s",
                         READY_LIMIT_MS / 1000);
    return take_ready(simulator, err);
}

void simulated_clock(struct simulated *simulated, const struct run_clock *clock)
{
    char line[128];
    (void)snprintf(line, sizeof line, "clock %" PRIu64 " %" PRId64 " %.17g\n",
                   clock->mono_origin_ns, clock->wall_origin_ns, clock->speed);
    uv_buf_t buffer = uv_buf_init(line, (unsigned)strlen(line));
    /* Writing a short line into an empty pipe never blocks. */
    (void)uv_try_write((uv_stream_t *)&simulated->process->input, &buffer, 1);
    simulated->process->origin_ns = clock->mono_origin_ns;
}

void simulated_turns(void *simulated, struct loop_turns *out)
{
    const struct simulator_process *simulator = ((const struct simulated *)simulated)->process;
    *out = simulator != NULL ? simulator->turns : (struct loop_turns){0};
    if (simulator == NULL || simulator->origin_ns == 0) return;
    /* One that stands still cannot say so: turns that are due and untold are late. */
    uint64_t from_ns = simulator->origin_ns + (uint64_t)UNTOLD_NS;
    uint64_t now_ns = clock_mono_ns();
    uint64_t due = now_ns > from_ns ? (now_ns - from_ns) / LOOP_GAUGE_EVERY_NS : 0;
    if (due <= out->all) return;
    out->late += due - out->all;
    out->all = due;
}

/* ---- stopping ---- */

enum err_code simulated_stop(struct simulated *simulated, struct error *err)
{
    struct simulator_process *simulator = simulated->process;
    if (simulator == NULL) return ERR_OK;
    bool ended_early = simulator->exited;
    simulator->stopping = true;
    close_if_open(simulator, (uv_handle_t *)&simulator->input);
    if (!simulator->exited) wait_for(simulator, has_exited, STOP_LIMIT_MS);
    if (!simulator->exited) {
        (void)uv_process_kill(&simulator->process, SIGKILL);
        wait_for(simulator, has_exited, STOP_LIMIT_MS);
    }
    bool has_ledger = simulator->has_ledger;
    bool failed = simulator->exit_status != 0 || simulator->exit_signal != 0 || ended_early;
    close_if_open(simulator, (uv_handle_t *)&simulator->output);
    close_if_open(simulator, (uv_handle_t *)&simulator->process);
    close_if_open(simulator, (uv_handle_t *)&simulator->patience);
    while (simulator->closing > 0) (void)uv_run(simulated->loop, UV_RUN_ONCE);
    text_free(&simulator->ready);
    free(simulator);
    simulated->process = NULL;
    if (!failed) return ERR_OK;
    return error_set(err, ERR_IO, "the simulator failed%s",
                     has_ledger ? ": the run's ledger is not whole" : "");
}

void simulated_free(struct simulated *simulated)
{
    for (size_t i = 0; i < simulated->connect_override_count; i++)
        connect_override_free(&simulated->connect_overrides[i]);
    simulated->connect_override_count = 0;
    free(simulated->ca_file);
    simulated->ca_file = NULL;
}
