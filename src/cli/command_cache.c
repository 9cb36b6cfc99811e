#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "command.h"

static int64_t member(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

/* One line a file, used longest ago first, and the sum. */
static void print_files(const json_t *object) {
    const json_t *files = json_object_get(object, "files"), *file;
    const char *folder = json_string_value(json_object_get(object, "folder"));
    size_t index;
    json_array_foreach(files, index, file) {
        printf("%8.1f MB  ", (double)member(file, "bytes") / 1e6);
        if (json_is_true(json_object_get(file, "whole")))
            printf("%8" PRId64 " pictures of %" PRId64 " x %" PRId64 " x %" PRId64 "  ", member(file, "pictures"),
                   member(file, "height"), member(file, "width"), member(file, "channels"));
        else
            printf("unfinished, or of another version  ");
        printf("%s\n", json_string_value(json_object_get(file, "file")));
    }
    printf("%8.1f MB  in %s\n", (double)member(object, "bytes") / 1e6, folder != NULL ? folder : "no folder");
}

static spica_status list(spica_context *context, const Arguments *arguments) {
    char *json = NULL;
    const spica_status status = spica_cache_describe(context, &json);
    if (status != SPICA_OK) return status;
    if (arguments->json) {
        puts(json);
    } else {
        json_t *object = json_loads(json, 0, NULL);
        print_files(object);
        json_decref(object);
    }
    spica_text_free(context, &json);
    return SPICA_OK;
}

static spica_status clear(spica_context *context, const Arguments *arguments) {
    size_t files;
    uint64_t bytes;
    const spica_status status = spica_cache_clear(context, &files, &bytes);
    if (status != SPICA_OK) return status;
    if (arguments->json)
        printf("{\"files\": %zu, \"bytes\": %" PRIu64 "}\n", files, bytes);
    else
        printf("removed %zu files, %.1f MB\n", files, (double)bytes / 1e6);
    return SPICA_OK;
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    const char *what = arguments->operand_count > 0 ? arguments->operands[0] : "list";
    if (strcmp(what, "list") == 0) return list(context, arguments);
    if (strcmp(what, "clear") == 0) return clear(context, arguments);
    console_error(console, "cache: '%s' is neither list nor clear", what);
    return SPICA_ERROR_OPTION;
}

const Command command_cache = {
    .name = "cache",
    .usage = "[list|clear] [--json]",
    .summary = "lists or removes the decoded pictures that are kept for the next run",
    .least = 0,
    .most = 1,
    .takes_json = true,
    .run = run,
};
