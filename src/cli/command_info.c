#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "command.h"

static void print_value(const json_t *value) {
    if (json_is_string(value)) {
        fputs(json_string_value(value), stdout);
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(9));
    if (text != NULL) fputs(text, stdout);
    free(text);
}

/* Each object of an array in a line of its own. */
static void print_rows(const json_t *array, int depth) {
    size_t index;
    const char *key;
    json_t *row, *value;
    json_array_foreach(array, index, row) {
        const char *separator = "";
        printf("%*s", 2 * depth, "");
        json_object_foreach(row, key, value) {
            fputs(separator, stdout);
            print_value(value);
            separator = ": ";
        }
        putchar('\n');
    }
}

/* "name: value" by lines, nested objects indented. */
static void print_object(json_t *object, int depth) {
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value) {
        printf("%*s%s:", 2 * depth, "", key);
        if (json_is_object(value)) {
            putchar('\n');
            print_object(value, depth + 1);
            continue;
        }
        if (json_is_object(json_array_get(value, 0))) {
            putchar('\n');
            print_rows(value, depth + 1);
            continue;
        }
        putchar(' ');
        print_value(value);
        putchar('\n');
    }
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    char *json = NULL;
    const spica_status status = spica_inspect(context, arguments->operands[0], arguments->options, &json);
    if (status != SPICA_OK) return status;
    console_clear(console);
    if (arguments->json) {
        puts(json);
    } else {
        json_t *object = json_loads(json, 0, NULL);
        print_object(object, 0);
        json_decref(object);
    }
    spica_text_free(context, &json);
    return SPICA_OK;
}

const Command command_info = {
    .name = "info",
    .usage = "PATH [OPTIONS]",
    .summary = "says what a data set, run folder or weights file is, and what cluster would do with a data set",
    .least = 1,
    .most = 1,
    .takes_json = true,
    .takes_recipe = true,
    .run = run,
};
