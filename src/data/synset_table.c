#include "data/synset_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/log.h"

#define ID_LENGTH ((size_t)9)

static bool begins_with_synset(const char *text) {
    return text[0] == 'n' && strspn(text + 1, "0123456789") == ID_LENGTH - 1;
}

bool text_is_synset(const char *text) { return begins_with_synset(text) && text[ID_LENGTH] == '\0'; }

void synset_table_close(Context *ctx, SynsetTable *table) {
    FREE_ARRAY(ctx, &table->ids);
    FREE_ARRAY(ctx, &table->names);
    arena_close(ctx, &table->arena);
    *table = (SynsetTable){0};
}

static int id_compare(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

long synset_table_find(const SynsetTable *table, const char *id) {
    if (table->count == 0) return -1;
    const char **place = bsearch(&id, table->ids, table->count, sizeof *table->ids, id_compare);
    return place != NULL ? place - table->ids : -1;
}

static Status text_keep(Context *ctx, SynsetTable *table, const char *text, const char **kept) {
    char *copy;
    TRY(arena_allocate(ctx, &table->arena, (void **)&copy, strlen(text) + 1, 1));
    strcpy(copy, text);
    *kept = copy;
    return SPICA_OK;
}

/* A name that another class has gets its id behind it: labels are texts, by which classes are told apart. */
static Status name_set(Context *ctx, SynsetTable *table, size_t class, const char *name) {
    char *text;
    bool shared = false;
    for (size_t i = 0; i < table->count; i++)
        shared = shared || (i != class && strcmp(table->names[i], name) == 0);
    if (!shared) return text_keep(ctx, table, name, &table->names[class]);
    const size_t bytes = strlen(name) + ID_LENGTH + sizeof " ()";
    TRY(arena_allocate(ctx, &table->arena, (void **)&text, bytes, 1));
    snprintf(text, bytes, "%s (%s)", name, table->ids[class]);
    table->names[class] = text;
    return SPICA_OK;
}

Status synset_table_set(Context *ctx, SynsetTable *table, const char *const *ids, const char *const *names,
                        size_t count) {
    TRY(NEW_ARRAY(ctx, &table->ids, count));
    TRY(NEW_ARRAY(ctx, &table->names, count));
    for (; table->count < count; table->count++)
        TRY(text_keep(ctx, table, ids[table->count], &table->ids[table->count]));
    qsort(table->ids, count, sizeof *table->ids, id_compare);
    memcpy(table->names, table->ids, count * sizeof *table->names);
    for (size_t i = 0; i < count; i++)
        if (*names[i] != '\0') TRY(name_set(ctx, table, (size_t)synset_table_find(table, ids[i]), names[i]));
    return SPICA_OK;
}

/* ---- Files ---- */

/* The next line of a text that is cut into its lines, empty ones left out, or NULL; *number counts all of them. */
static char *line_next(char **rest, size_t *number) {
    while (**rest != '\0') {
        char *line = *rest, *end = line + strcspn(line, "\n");
        *rest = end + (*end != '\0');
        *end = '\0';
        ++*number;
        if (end > line && end[-1] == '\r') end[-1] = '\0';
        if (*line != '\0') return line;
    }
    return NULL;
}

/* Cuts "ID NAME" in two; NULL where the line does not begin with an id. The name may be "". */
static char *line_cut(char *line) {
    if (!begins_with_synset(line)) return NULL;
    char *name = line + ID_LENGTH;
    const size_t space = strspn(name, " \t");
    if (*name != '\0' && space == 0) return NULL;
    *name = '\0';
    return name + space;
}

/* Whole lines: no file of text holds a 0. */
static Status lines_read(Context *ctx, const char *path, char **text) {
    size_t bytes;
    const Status status = file_read(ctx, path, text, &bytes);
    if (status != SPICA_OK) return status == SPICA_ERROR_IO ? SPICA_ERROR_DATA : status;
    if (strlen(*text) == bytes) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: holds a byte 0: this is no list of synsets", path);
}

static size_t lines_count(const char *text) {
    size_t count = 1;
    for (const char *end = strchr(text, '\n'); end != NULL; end = strchr(end + 1, '\n'))
        count++;
    return count;
}

/* ids[i] and names[i]: those of the i-th line, which point into the text; *count: of lines that are not empty. */
static Status lines_cut(Context *ctx, const char *path, char *text, const char **ids, const char **names,
                        size_t *count) {
    size_t number = 0;
    *count = 0;
    for (char *line; (line = line_next(&text, &number)) != NULL; ++*count) {
        ids[*count] = line;
        names[*count] = line_cut(line);
        if (names[*count] == NULL)
            return context_fail(ctx, SPICA_ERROR_DATA, "%s: line %zu: no synset, which is like n02085936", path,
                                number);
    }
    if (*count > 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: holds no synsets", path);
}

static Status table_fill(Context *ctx, SynsetTable *table, const char *path, char *text) {
    const char **ids = NULL, **names = NULL;
    const size_t most = lines_count(text);
    size_t count;
    Status status;
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &ids, most));
    TRY_GOTO(status, close, NEW_ARRAY(ctx, &names, most));
    TRY_GOTO(status, close, lines_cut(ctx, path, text, ids, names, &count));
    TRY_GOTO(status, close, synset_table_set(ctx, table, ids, names, count));
    for (size_t i = 1; i < count && status == SPICA_OK; i++)
        if (strcmp(table->ids[i - 1], table->ids[i]) == 0)
            status = context_fail(ctx, SPICA_ERROR_DATA, "%s: %s stands there twice", path, table->ids[i]);
close:
    FREE_ARRAY(ctx, &ids);
    FREE_ARRAY(ctx, &names);
    return status;
}

Status synset_table_read(Context *ctx, SynsetTable *table, const char *path) {
    char *text = NULL;
    Status status = lines_read(ctx, path, &text);
    if (status == SPICA_OK) status = table_fill(ctx, table, path, text);
    FREE_ARRAY(ctx, &text);
    return status;
}

Status synset_table_read_names(Context *ctx, SynsetTable *table, const char *path) {
    char *text = NULL;
    size_t number = 0;
    if (!path_is_file(path)) return SPICA_OK;
    Status status = lines_read(ctx, path, &text);
    char *rest = text;
    for (char *line; status == SPICA_OK && (line = line_next(&rest, &number)) != NULL;) {
        const char *name = line_cut(line);
        const long class = name != NULL && *name != '\0' ? synset_table_find(table, line) : -1;
        if (class >= 0) status = name_set(ctx, table, (size_t) class, name);
    }
    FREE_ARRAY(ctx, &text);
    return status;
}

/* ---- Labels ---- */

Status synset_labels_set(Context *ctx, Dataset *dataset, const PictureList *list, const SynsetTable *table) {
    size_t row = 0, missing = 0;
    TRY(NEW_ARRAY(ctx, &dataset->labels, dataset->count));
    TRY(dataset_name_classes(ctx, dataset, table->names, table->count));
    for (size_t i = 0; i < list->count; i++) {
        const PictureEntry *entry = &list->entries[i];
        if (entry->problem != NULL) continue;
        missing += entry->label == NULL;
        dataset->labels[row++] = entry->label != NULL ? (int32_t)synset_table_find(table, entry->label) : -1;
    }
    if (missing > 0) log_warning(ctx, "labels: none for %zu of %zu pictures", missing, dataset->count);
    return SPICA_OK;
}
