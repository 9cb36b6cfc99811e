#include "data/picture_labels.h"

#include <string.h>

#include "base/log.h"
#include "base/name_table.h"

/* The label of each row as text, NULL or "" for none; owned. */
typedef struct LabelTexts {
    const char **texts; /* [count], owned; the texts are the list's and the arena's */
    size_t missing;
} LabelTexts;

/* Labels of the texts, which live as long as the dataset. */
static Status labels_set(Context *ctx, Dataset *dataset, const LabelTexts *labels) {
    NameTable names = {0};
    Status status = name_table_open(ctx, &names, labels->texts, dataset->count);
    if (status == SPICA_OK) status = dataset_name_classes(ctx, dataset, names.names, names.count);
    if (status == SPICA_OK) status = NEW_ARRAY(ctx, &dataset->labels, dataset->count);
    for (size_t row = 0; status == SPICA_OK && row < dataset->count; row++)
        dataset->labels[row] = (int32_t)name_table_find(&names, labels->texts[row]);
    name_table_close(ctx, &names);
    return status;
}

/* The texts of a list's column. */
static Status column_texts(Context *ctx, Dataset *dataset, const PictureList *list, LabelTexts *labels) {
    size_t row = 0;
    TRY(NEW_ARRAY(ctx, &labels->texts, dataset->count));
    for (size_t i = 0; i < list->count; i++) {
        if (list->entries[i].problem != NULL) continue;
        const char *label = list->entries[i].label;
        labels->texts[row++] = label != NULL ? label : "";
        if (label == NULL) labels->missing++;
    }
    return SPICA_OK;
}

/* The first folder of each path. */
static Status folder_texts(Context *ctx, Dataset *dataset, LabelTexts *labels) {
    TRY(NEW_ARRAY(ctx, &labels->texts, dataset->count));
    for (size_t row = 0; row < dataset->count; row++) {
        const char *path = dataset->paths[row];
        const size_t length = strcspn(path, "/");
        char *text;
        labels->texts[row] = "";
        if (path[length] == '\0' || length == 0) {
            labels->missing++;
            continue;
        }
        TRY(arena_allocate(ctx, &dataset->arena, (void **)&text, length + 1, 1));
        memcpy(text, path, length);
        labels->texts[row] = text;
    }
    return SPICA_OK;
}

/* Why the folders that the pictures lie in are no classes, or NULL. */
static const char *folders_refused(const Dataset *dataset) {
    bool same = true;
    const char *first = dataset->paths[0];
    const size_t length = strcspn(first, "/");
    for (size_t row = 0; row < dataset->count; row++) {
        const char *path = dataset->paths[row], *slash = strchr(path, '/');
        if (slash == NULL) return "not every picture lies in a sub-folder";
        if (slash == path) return "the paths are absolute";
        if (strchr(slash + 1, '/') != NULL) return "some pictures lie deeper than one sub-folder";
        same = same && (size_t)(slash - path) == length && memcmp(path, first, length) == 0;
    }
    return same ? "all pictures lie in one sub-folder" : NULL;
}

static Status column_decide(Context *ctx, Dataset *dataset, const PictureList *list) {
    LabelTexts labels = {0};
    Status status = column_texts(ctx, dataset, list, &labels);
    const bool any = labels.missing < dataset->count;
    if (status == SPICA_OK && any) status = labels_set(ctx, dataset, &labels);
    if (status == SPICA_OK && any)
        log_info(ctx, "labels: the column label, %zu classes, for evaluation only", dataset->class_count);
    if (status == SPICA_OK && labels.missing > 0)
        log_warning(ctx, "labels: none for %zu of %zu pictures", labels.missing, dataset->count);
    FREE_ARRAY(ctx, &labels.texts);
    return status;
}

static Status folders_decide(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    LabelTexts labels = {0};
    const char *refused = folders_refused(dataset);
    if (!request->folder_labels && refused != NULL) {
        log_info(ctx, "labels: none: %s (--labels folders takes the first folder of each path)", refused);
        return SPICA_OK;
    }
    Status status = folder_texts(ctx, dataset, &labels);
    if (status == SPICA_OK && labels.missing == dataset->count)
        status = context_fail(ctx, SPICA_ERROR_DATA, "%s: --labels folders, but no picture lies in a sub-folder",
                              request->path);
    if (status == SPICA_OK) status = labels_set(ctx, dataset, &labels);
    if (status == SPICA_OK)
        log_info(ctx, "labels: %zu classes by sub-folder, for evaluation only%s", dataset->class_count,
                 request->folder_labels ? "" : " (every picture lies one level deep; --labels none leaves them out)");
    if (status == SPICA_OK && labels.missing > 0)
        log_warning(ctx, "labels: none for %zu of %zu pictures, which lie in no sub-folder", labels.missing,
                    dataset->count);
    FREE_ARRAY(ctx, &labels.texts);
    return status;
}

Status picture_labels_decide(Context *ctx, Dataset *dataset, const PictureList *list, const ReadRequest *request) {
    if (!request->labels) return SPICA_OK;
    if (list->has_labels && !request->folder_labels) return column_decide(ctx, dataset, list);
    /* The paths of a list say where files are, not what they show. */
    if (!request->folder && list->archive == NULL && !request->folder_labels) return SPICA_OK;
    return folders_decide(ctx, dataset, request);
}
