#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "command.h"

/* What --dry-run prints of a file: its place in the target and the picture, a CSV row (RFC 4180). */
static void print_cell(const char *text, const char *end) {
    const int quoted = strpbrk(text, ",\"\r\n") != NULL;
    if (quoted) putchar('"');
    for (; *text != '\0'; text++) {
        if (*text == '"') putchar('"');
        putchar(*text);
    }
    if (quoted) putchar('"');
    fputs(end, stdout);
}

static int print_file(void *user, const char *path, const char *target) {
    int *begun = user;
    if (!*begun) fputs("target,path\r\n", stdout);
    *begun = 1;
    print_cell(target, ",");
    print_cell(path, "\r\n");
    return ferror(stdout);
}

/* Groups that have pictures. */
static size_t count_groups(const json_t *answer) {
    size_t count = 0, i;
    const json_t *group;
    json_array_foreach(json_object_get(answer, "groups"), i, group) {
        count += json_integer_value(json_object_get(group, "pictures")) > 0;
    }
    return count;
}

static void print_answer(const Arguments *arguments, const char *json) {
    json_t *answer = json_loads(json, 0, NULL);
    printf("%lld pictures in %zu groups: %s%s\n", (long long)json_integer_value(json_object_get(answer, "pictures")),
           count_groups(answer), arguments->operands[1], arguments->dry_run ? " (not written)" : "");
    json_decref(answer);
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    int begun = 0;
    char *json = NULL;
    const spica_export_settings settings = {
        .link = arguments->link,
        .data = arguments->operand_count > 2 ? arguments->operands[2] : NULL,
        .dry_run = arguments->dry_run,
        .file = arguments->dry_run && !arguments->json ? print_file : NULL,
        .user = &begun,
    };
    if (arguments->form == NULL) {
        console_error(console, "export: --to is missing: folders, csv, json, labelstudio or coco");
        return SPICA_ERROR_OPTION;
    }
    const spica_status status = spica_export(context, arguments->operands[0], arguments->form, arguments->operands[1],
                                             &settings, arguments->options, &json);
    if (status != SPICA_OK) return status;
    console_clear(console);
    if (arguments->json)
        puts(json);
    else if (!begun)
        print_answer(arguments, json);
    spica_text_free(context, &json);
    return SPICA_OK;
}

static void explain(void) {
    puts("--to folders DIR       a folder for each cluster, its pictures by falling confidence; DIR must be empty\n"
         "--to csv FILE          a row per picture with cluster, name, rank, confidence\n"
         "--to json FILE         the same as JSON\n"
         "--to labelstudio FILE  tasks with predictions, for pictures in a folder that Label Studio serves\n"
         "--to coco FILE         images, annotations and categories\n"
         "RUN/clusters-names.csv (columns cluster,name) gives the clusters names; those of one name become one group.\n"
         "DATA is where the pictures are now, if not where the run found them. Nothing is ever overwritten.\n");
}

const Command command_export = {
    .name = "export",
    .usage = "RUN --to FORM DIR|FILE [DATA] [OPTIONS]",
    .summary = "writes the clusters of RUN as folders of pictures, CSV, JSON, for Label Studio or as COCO",
    .least = 2,
    .most = 3,
    .takes_json = true,
    .takes_form = true,
    .help = explain,
    .run = run,
};
