#include "state/run_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"

static void time_print(char text[32]) {
    const time_t now = time(NULL);
    struct tm parts = {0};
    gmtime_r(&now, &parts);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
}

static void fingerprint_print(char text[20], uint64_t fingerprint) { snprintf(text, 20, "%016" PRIx64, fingerprint); }

static Status record_fail(Context *ctx, const RunFolder *folder, const char *missing) {
    return context_fail(ctx, SPICA_ERROR_RUN, "%s/" RUN_RECORD ": %s is missing", folder->path, missing);
}

/* The objects of run.json that are read again. */
static Status record_read(Context *ctx, const RunFolder *folder, json_t **root, json_t **data, json_t **sessions) {
    TRY(run_folder_read_json(ctx, folder, RUN_RECORD, root));
    *data = json_object_get(*root, "data");
    *sessions = json_object_get(*root, "sessions");
    if (!json_is_object(*data)) return record_fail(ctx, folder, "the object \"data\"");
    if (!json_is_array(*sessions) || json_array_size(*sessions) == 0)
        return record_fail(ctx, folder, "the array \"sessions\"");
    return SPICA_OK;
}

/* One of the record's fingerprints; `pictures` names what it is of. */
static Status check_fingerprint(Context *ctx, const RunFolder *folder, const char *key, const char *pictures,
                                uint64_t fingerprint) {
    json_t *root = NULL, *data, *sessions;
    char asked[20];
    fingerprint_print(asked, fingerprint);
    Status status = record_read(ctx, folder, &root, &data, &sessions);
    const char *held = status == SPICA_OK ? json_string_value(json_object_get(data, key)) : NULL;
    if (status == SPICA_OK && held == NULL) status = record_fail(ctx, folder, "the data's fingerprint");
    if (status == SPICA_OK && strcmp(held, asked) != 0) {
        const char *path = json_string_value(json_object_get(data, "path"));
        status =
            context_fail(ctx, SPICA_ERROR_RUN, "%s holds a run on other %s (from %.200s, fingerprint %.20s, not %s)",
                         folder->path, pictures, path != NULL ? path : "?", held, asked);
    }
    json_decref(root);
    return status;
}

Status run_folder_check_data(Context *ctx, const RunFolder *folder, uint64_t fingerprint) {
    return check_fingerprint(ctx, folder, "fingerprint", "pictures", fingerprint);
}

Status run_folder_check_auxiliary(Context *ctx, const RunFolder *folder, uint64_t fingerprint) {
    return check_fingerprint(ctx, folder, "auxiliary_fingerprint", "auxiliary pictures", fingerprint);
}

static Status data_describe(Context *ctx, const RunRecord *record, json_t *data) {
    char fingerprint[20];
    fingerprint_print(fingerprint, record->fingerprint);
    TRY(json_add_text(ctx, data, "path", record->data));
    TRY(json_add_text(ctx, data, "kind", record->data_kind));
    TRY(json_add_text(ctx, data, "name", record->data_name));
    TRY(json_add_integer(ctx, data, "pictures", (int64_t)record->pictures));
    TRY(json_add_text(ctx, data, "fingerprint", fingerprint));
    if (record->auxiliary_fingerprint == 0) return SPICA_OK;
    fingerprint_print(fingerprint, record->auxiliary_fingerprint);
    return json_add_text(ctx, data, "auxiliary_fingerprint", fingerprint);
}

static Status session_describe(Context *ctx, const RunFolder *folder, const RunRecord *record, json_t *session) {
    char host[256] = "", started[32];
    gethostname(host, sizeof host - 1);
    time_print(started);
    TRY(json_add_text(ctx, session, "command", record->command));
    TRY(json_add_text(ctx, session, "folder", folder->path));
    TRY(json_add_text(ctx, session, "version", spica_version()));
    TRY(json_add_text(ctx, session, "host", host));
    TRY(json_add_integer(ctx, session, "threads", record->threads));
    TRY(json_add_text(ctx, session, "instruction_set", record->instruction_set));
    json_t *libraries;
    TRY(json_new_object(ctx, &libraries));
    TRY(json_add(ctx, session, "libraries", libraries));
    for (size_t i = 0; i < record->library_count; i++)
        TRY(json_add_text(ctx, libraries, record->libraries[i].name, record->libraries[i].text));
    TRY(json_add_text(ctx, session, "started", started));
    TRY(json_add_text(ctx, session, "ended", NULL));
    return json_add_text(ctx, session, "outcome", NULL);
}

/* What decides the last bits of a result. */
static void session_compare(Context *ctx, const json_t *before, const json_t *now) {
    static const char *const keys[] = {"version", "threads", "instruction_set", "libraries"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!json_equal(json_object_get(before, keys[i]), json_object_get(now, keys[i])))
            log_warning(ctx, "the run goes on with another %s than before: its last bits may differ", keys[i]);
}

static Status record_new(Context *ctx, const RunRecord *record, json_t **root, json_t **sessions) {
    json_t *data;
    TRY(json_new_object(ctx, root));
    TRY(json_new_object(ctx, &data));
    TRY(json_add(ctx, *root, "data", data));
    TRY(data_describe(ctx, record, data));
    TRY(json_new_array(ctx, sessions));
    return json_add(ctx, *root, "sessions", *sessions);
}

Status run_record_begin(Context *ctx, const RunFolder *folder, const RunRecord *record) {
    json_t *root = NULL, *data, *sessions, *session;
    Status status;
    if (folder->exists)
        TRY_GOTO(status, end, record_read(ctx, folder, &root, &data, &sessions));
    else
        TRY_GOTO(status, end, record_new(ctx, record, &root, &sessions));
    const json_t *before = json_array_get(sessions, json_array_size(sessions) - 1);
    TRY_GOTO(status, end, json_new_object(ctx, &session));
    TRY_GOTO(status, end, json_append(ctx, sessions, session));
    TRY_GOTO(status, end, session_describe(ctx, folder, record, session));
    if (folder->exists) session_compare(ctx, before, session);
    status = run_folder_write_json(ctx, folder, RUN_RECORD, root);
end:
    json_decref(root);
    return status;
}

Status run_folder_end(Context *ctx, const RunFolder *folder, const char *outcome) {
    json_t *root = NULL, *data, *sessions;
    char ended[32];
    Status status;
    time_print(ended);
    TRY_GOTO(status, end, record_read(ctx, folder, &root, &data, &sessions));
    json_t *session = json_array_get(sessions, json_array_size(sessions) - 1);
    TRY_GOTO(status, end, json_add_text(ctx, session, "ended", ended));
    TRY_GOTO(status, end, json_add_text(ctx, session, "outcome", outcome));
    status = run_folder_write_json(ctx, folder, RUN_RECORD, root);
end:
    json_decref(root);
    return status;
}
