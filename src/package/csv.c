/* failures.csv and windows.csv: the records and the figures, for further calculations. */
#include "base/files.h"
#include "figures/grouping.h"
#include "package/parts.h"
#include "report/sheet.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char failures_header[] =
    "time,local_time,role,region,host,address,deployment,model,dialect,api_version,transport,scope,"
    "phase,domain,code,catalogue,also,signature,http_status,message,error_type,error_code,"
    "error_param,close_code,close_reason,os_error,tls_error,tls_alert,session_id,response_id,event_"
    "id,"
    "client_request_id,apim_request_id,x_ms_request_id,x_ms_region,headers,interaction,attempt,"
    "turn,"
    "decision,socket_age_ms,elapsed_ms,input_tokens,cached_tokens,output_tokens,usage_shape,"
    "possibly_billed,clock_skew_ms,sent,events,simulated\n";

struct writing {
    const struct package *package;
    FILE *file;
    struct text row;
    bool failed;
};

static void known(struct text *out, double value)
{
    sheet_number(out, value < 0 ? NAN : value);
}

/* "F67 F59" */
static void list(struct text *out, const cJSON *items)
{
    struct text joined = {0};
    const cJSON *item;
    cJSON_ArrayForEach(item, items)
    {
        if (cJSON_IsString(item))
            text_printf(&joined, "%s%s", joined.length > 0 ? " " : "", item->valuestring);
    }
    sheet_next(out, text_str(&joined));
    text_free(&joined);
}

/* "date: ...; server: ...": those without a column of their own. */
static void headers(struct text *out, const struct evidence_entry *entry)
{
    static const char *const own[] = {"apim-request-id", "x-ms-request-id", "x-ms-region",
                                      "x-ms-client-request-id"};
    struct text joined = {0};
    const cJSON *header;
    cJSON_ArrayForEach(header, entry->headers)
    {
        bool shown = false;
        for (size_t i = 0; i < sizeof own / sizeof *own; i++)
            shown = shown || strcmp(header->string, own[i]) == 0;
        if (shown || !cJSON_IsString(header)) continue;
        text_printf(&joined, "%s%s: %s", joined.length > 0 ? "; " : "", header->string,
                    header->valuestring);
    }
    sheet_next(out, text_str(&joined));
    text_free(&joined);
}

/* "82.5 session.created; 118.6 session.updated" */
static void events(struct text *out, const struct evidence_entry *entry)
{
    struct text joined = {0};
    const cJSON *event;
    cJSON_ArrayForEach(event, entry->events)
    {
        const cJSON *offset = cJSON_GetArrayItem(event, 0);
        const char *type = cJSON_GetStringValue(cJSON_GetArrayItem(event, 1));
        if (!cJSON_IsNumber(offset) || type == NULL) continue;
        text_printf(&joined, "%s%.1f %s", joined.length > 0 ? "; " : "", offset->valuedouble, type);
    }
    sheet_next(out, text_str(&joined));
    text_free(&joined);
}

static void failure_where(struct text *out, const struct evidence_entry *entry, bool subject)
{
    sheet_field(out, entry->time);
    sheet_next(out, entry->local_time);
    text_puts(out, subject ? ",subject" : ",control");
    sheet_next(out, entry->region);
    sheet_next(out, entry->host);
    sheet_next(out, entry->address);
    sheet_next(out, entry->deployment);
    sheet_next(out, entry->model);
    sheet_next(out, entry->dialect);
    sheet_next(out, entry->api_version);
    sheet_next(out, entry->transport);
    text_puts(out, entry->session_scope ? ",session" : ",attempt");
}

static void failure_what(struct text *out, const struct evidence_entry *entry)
{
    sheet_next(out, phase_name(entry->phase));
    sheet_next(out, domain_name(entry->domain));
    sheet_next(out, entry->code);
    sheet_next(out, entry->catalogue);
    list(out, entry->also);
    sheet_next(out, entry->signature);
    known(out, entry->http_status);
    sheet_next(out, entry->message);
    sheet_next(out, entry->error_type);
    sheet_next(out, entry->error_code);
    sheet_next(out, entry->error_param);
    known(out, entry->close_code);
    sheet_next(out, entry->close_reason);
    sheet_next(out, entry->os_error);
    known(out, entry->tls_error);
    known(out, entry->tls_alert);
    sheet_next(out, entry->session_id);
    sheet_next(out, entry->response_id);
    sheet_next(out, entry->event_id);
    sheet_next(out, entry->client_request_id);
    sheet_next(out, entry_header(entry, "apim-request-id"));
    sheet_next(out, entry_header(entry, "x-ms-request-id"));
    sheet_next(out, entry_header(entry, "x-ms-region"));
    headers(out, entry);
}

static void failure_when(struct text *out, const struct evidence_entry *entry, bool simulated)
{
    known(out, entry->interaction);
    known(out, entry->attempt);
    known(out, entry->turn);
    sheet_next(out, entry->decision);
    known(out, entry->socket_age_ms);
    known(out, entry->elapsed_ms);
    known(out, entry->input_tokens);
    known(out, entry->cached_tokens);
    known(out, entry->output_tokens);
    sheet_next(out, entry->usage_shape);
    text_puts(out, entry->possibly_billed ? ",true" : ",false");
    sheet_number(out, entry->has_clock_skew ? entry->clock_skew_ms : NAN);
    sheet_next(out, entry->sent);
    events(out, entry);
    text_puts(out, simulated ? ",true\n" : ",false\n");
}

static void see(void *context, const struct evidence_entry *entry)
{
    struct writing *writing = context;
    const struct package *package = writing->package;
    size_t region;
    if (!package_region(package, entry->region, &region) || !package_holds(package, entry->utc_ns))
        return;
    /* other regions were not requested */
    if (!package->subject[region] && !package->chosen) return;
    text_clear(&writing->row);
    failure_where(&writing->row, entry, package->subject[region]);
    failure_what(&writing->row, entry);
    failure_when(&writing->row, entry, results_simulated(package->results));
    size_t length = writing->row.length;
    writing->failed = writing->failed || writing->row.failed ||
                      fwrite(text_str(&writing->row), 1, length, writing->file) != length;
}

enum err_code package_write_failures(const struct package *package, const char *folder,
                                     struct error *err)
{
    struct text path = {0};
    struct text notes = {0};
    text_printf(&path, "%s/failures.csv", folder);
    struct writing writing = {
        .package = package,
    };
    enum err_code code = file_create_stream(text_str(&path), &writing.file, err);
    if (code == ERR_OK) {
        writing.failed = fputs(failures_header, writing.file) < 0;
        code = evidence_read(package->request->folder, see, &writing, &notes, err);
        if (fclose(writing.file) != 0) writing.failed = true;
        if (code == ERR_OK && writing.failed)
            code = error_set(err, ERR_IO, "%s: cannot write: %s", text_str(&path), strerror(errno));
    }
    text_free(&writing.row);
    text_free(&notes);
    text_free(&path);
    return code;
}

/* ---- windows.csv ---- */

static void windows_header(struct text *out)
{
    text_puts(
        out,
        "window,start,end,role,region,attempts,attempts_failed,failure_rate,failure_rate_low,"
        "failure_rate_high,design_effect,interactions,interactions_failed,interaction_failure_rate,"
        "interaction_failure_rate_low,interaction_failure_rate_high,sessions,"
        "sessions_with_failed_attempt,session_failure_rate,session_failure_rate_low,"
        "session_failure_rate_high,retries,ttft_count,ttft_p50_ms,ttft_p95_ms,ttft_p99_ms,"
        "response_p50_ms,response_p99_ms,codes,generator_valid,generator_why,loop_delay_p99_ms,"
        "lag_p99_ms,cpu,simulated,chains,chains_with_failed_attempt\n");
}

static void rate(struct text *out, const struct report_cell *cell, enum rate_kind kind)
{
    struct rate r = report_cell_rate(cell, kind);
    sheet_number(out, r.estimate.valid ? r.estimate.value : NAN);
    sheet_number(out, r.estimate.valid ? r.estimate.low : NAN);
    sheet_number(out, r.estimate.valid ? r.estimate.high : NAN);
}

static void milliseconds(struct text *out, const struct latency_figures *latency, int64_t us,
                         uint64_t least)
{
    sheet_number(out, latency->count >= least ? (double)us / 1e3 : NAN);
}

/* "server_error:93 stall:5" */
static void codes(struct text *out, const struct report_cell *cell)
{
    struct tally *tallies;
    struct text joined = {0};
    size_t count = report_cell_codes(cell, &tallies);
    for (size_t i = 0; i < count; i++) {
        text_printf(&joined, "%s%s:%llu", i > 0 ? " " : "", tallies[i].code,
                    (unsigned long long)tallies[i].count);
    }
    sheet_next(out, text_str(&joined));
    text_free(&joined);
    free(tallies);
}

static void window_figures(struct text *out, const struct report_cell *cell)
{
    const struct counters *c = &cell->cell.counters;
    const struct latency_figures *ttft = &cell->latency[METRIC_TTFT];
    const struct latency_figures *response = &cell->latency[METRIC_RESPONSE];
    sheet_number(out, (double)report_cell_attempts(cell));
    sheet_number(out, (double)c->attempts_failed);
    rate(out, cell, RATE_ATTEMPT);
    sheet_number(out, cluster_design_effect(&cell->cell.clusters));
    sheet_number(out, (double)(c->interactions_ok + c->interactions_failed));
    sheet_number(out, (double)c->interactions_failed);
    rate(out, cell, RATE_INTERACTION);
    sheet_number(out, (double)c->sessions_with_attempts);
    sheet_number(out, (double)c->sessions_with_failure);
    rate(out, cell, RATE_SESSION);
    sheet_number(out, (double)c->retries);
    sheet_number(out, (double)ttft->count);
    milliseconds(out, ttft, ttft->p50, 1);
    milliseconds(out, ttft, ttft->p95, 1);
    milliseconds(out, ttft, ttft->p99, P99_MIN_SAMPLES);
    milliseconds(out, response, response->p50, 1);
    milliseconds(out, response, response->p99, P99_MIN_SAMPLES);
}

static void window_row(const struct package *package, const char *name, const struct slice *slice,
                       size_t r, struct text *out)
{
    const struct report_cell *cell = &slice->cells[r];
    struct text why = {0};
    sheet_field(out, name);
    sheet_time(out, slice->start_ns);
    sheet_time(out, slice->end_ns);
    text_puts(out, package->subject[r] ? ",subject" : ",control");
    sheet_next(out, package->results->regions[r]);
    window_figures(out, cell);
    codes(out, cell);
    text_puts(out, report_cell_valid(cell) ? ",true" : ",false");
    report_cell_why(cell, &why);
    sheet_next(out, text_str(&why));
    text_free(&why);
    sheet_number(out, (double)cell->health.loop_delay_p99_ns / 1e6);
    sheet_number(out, (double)cell->health.lag_p99_ns / 1e6);
    sheet_number(out, cell->health.cpu);
    text_puts(out, results_simulated(package->results) ? ",true" : ",false");
    sheet_number(out, (double)cell->cell.clusters.count);
    sheet_number(out, (double)cell->cell.clusters.with_failure);
    text_puts(out, "\n");
}

void package_windows_csv(const struct package *package, struct text *out)
{
    const struct results *results = package->results;
    windows_header(out);
    for (size_t g = 0; g < results->grouping_count; g++) {
        const struct grouping *grouping = &results->groupings[g];
        bool split = grouping->kind == GROUP_POOLED && grouping->window == results->split;
        if (grouping->kind != GROUP_TOTAL && !grouping->shown && !split) continue;
        for (size_t i = 0; i < grouping->slice_count; i++) {
            const struct slice *slice = &grouping->slices[i];
            struct text name = {0};
            if (split) text_puts(&name, grouping->rest ? "outside " : "inside ");
            text_puts(&name, grouping->kind == GROUP_TOTAL ? "whole run" : grouping_name(grouping));
            for (size_t r = 0; r < results->region_count; r++)
                window_row(package, text_str(&name), slice, r, out);
            text_free(&name);
        }
    }
}
