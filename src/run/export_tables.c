#define _DEFAULT_SOURCE /* realpath */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/files.h"
#include "data/decode_workers.h"
#include "run/export_forms.h"

/* Rows are written one by one, so that a million pictures need no JSON tree of a million objects. */

/* ---- CSV ---- */

static Status csv_header(Context *ctx, CsvWriter *writer, bool labelled) {
    static const char *const columns[] = {"path", "cluster", "name", "rank", "confidence", "reliable"};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        TRY(csv_add_text(ctx, writer, columns[i]));
    if (labelled) TRY(csv_add_text(ctx, writer, "label"));
    return csv_end_row(ctx, writer);
}

static Status csv_row(Context *ctx, CsvWriter *writer, const ExportPlan *plan, size_t picture) {
    const ClusterTable *table = &plan->table;
    TRY(csv_add_text(ctx, writer, table->paths[picture]));
    TRY(csv_add_integer(ctx, writer, table->clusters[picture]));
    TRY(csv_add_text(ctx, writer, export_group_name(plan, export_group(plan, picture))));
    TRY(csv_add_integer(ctx, writer, (int64_t)plan->ranks[picture]));
    if (isnan(table->confidences[picture]))
        TRY(csv_add_text(ctx, writer, ""));
    else
        TRY(csv_add_real(ctx, writer, (double)table->confidences[picture]));
    TRY(csv_add_text(ctx, writer, table->reliable[picture] < 0 ? "" : table->reliable[picture] > 0 ? "1" : "0"));
    if (table->labels != NULL) TRY(csv_add_text(ctx, writer, table->labels[picture]));
    return csv_end_row(ctx, writer);
}

Status export_csv(Context *ctx, const ExportPlan *plan, const char *target) {
    CsvWriter writer = {0};
    Status status = csv_writer_open(ctx, &writer, target);
    if (status == SPICA_OK) status = csv_header(ctx, &writer, plan->table.labels != NULL);
    for (size_t i = 0; status == SPICA_OK && i < plan->table.count; i++)
        status = csv_row(ctx, &writer, plan, i);
    if (status == SPICA_OK) status = csv_writer_commit(ctx, &writer);
    csv_writer_close(ctx, &writer);
    return status;
}

/* ---- JSON in general ---- */

/* Objects that one function fills, one after the other. */
typedef struct ObjectList {
    const char *key;
    size_t count;
    Status (*fill)(Context *ctx, const void *source, size_t index, json_t *object);
} ObjectList;

static Status object_write(Context *ctx, FileWriter *writer, const ObjectList *list, const void *source, size_t index) {
    json_t *object;
    char *text = NULL;
    TRY(json_new_object(ctx, &object));
    Status status = list->fill(ctx, source, index, object);
    if (status == SPICA_OK) status = json_text_write(ctx, object, false, &text);
    if (status == SPICA_OK) status = file_writer_print(ctx, writer, "%s\n%s", index > 0 ? "," : "", text);
    FREE_ARRAY(ctx, &text);
    json_decref(object);
    return status;
}

/* [ one object a line ] */
static Status objects_write(Context *ctx, FileWriter *writer, const ObjectList *list, const void *source) {
    TRY(file_writer_print(ctx, writer, "["));
    for (size_t i = 0; i < list->count; i++) {
        TRY(context_check_cancel(ctx));
        TRY(object_write(ctx, writer, list, source, i));
    }
    return file_writer_print(ctx, writer, "\n]");
}

/* { "info": INFO, "KEY": [ ... ], ... }; without info the one list alone. */
static Status lists_write(Context *ctx, const char *target, const char *info, const ObjectList *lists, size_t count,
                          const void *source) {
    FileWriter writer = {0};
    Status status = file_writer_open(ctx, &writer, target);
    if (status == SPICA_OK && info != NULL) status = file_writer_print(ctx, &writer, "{\"info\": %s", info);
    for (size_t i = 0; status == SPICA_OK && i < count; i++) {
        if (info != NULL) status = file_writer_print(ctx, &writer, ",\n\"%s\": ", lists[i].key);
        if (status == SPICA_OK) status = objects_write(ctx, &writer, &lists[i], source);
    }
    if (status == SPICA_OK) status = file_writer_print(ctx, &writer, info != NULL ? "}\n" : "\n");
    if (status == SPICA_OK) status = file_writer_commit(ctx, &writer);
    file_writer_close(ctx, &writer);
    return status;
}

/* ---- JSON of our own ---- */

static Status fill_cluster(Context *ctx, const void *source, size_t index, json_t *object) {
    const ExportPlan *plan = source;
    TRY(json_add_integer(ctx, object, "cluster", (int64_t)index));
    return json_add_text(ctx, object, "name", plan->names.names[index]);
}

static Status fill_picture(Context *ctx, const void *source, size_t index, json_t *object) {
    const ExportPlan *plan = source;
    const ClusterTable *table = &plan->table;
    TRY(json_add_text(ctx, object, "path", table->paths[index]));
    TRY(json_add_integer(ctx, object, "cluster", table->clusters[index]));
    TRY(json_add_text(ctx, object, "name", export_group_name(plan, export_group(plan, index))));
    TRY(json_add_integer(ctx, object, "rank", (int64_t)plan->ranks[index]));
    TRY(json_add_real(ctx, object, "confidence", (double)table->confidences[index]));
    if (table->reliable[index] >= 0) TRY(json_add_boolean(ctx, object, "reliable", table->reliable[index] > 0));
    return table->labels != NULL ? json_add_text(ctx, object, "label", table->labels[index]) : SPICA_OK;
}

Status export_json(Context *ctx, const ExportPlan *plan, const char *target) {
    const ObjectList lists[] = {{"clusters", plan->names.clusters, fill_cluster},
                                {"pictures", plan->table.count, fill_picture}};
    return lists_write(ctx, target, "{\"format\": \"spica clusters\", \"version\": 1}", lists, 2, plan);
}

/* ---- Label Studio: tasks with predictions ---- */

/* Label Studio serves folders within its document root, but not the root itself: that is to be the folder above DATA's,
 * and addresses begin with the name of DATA's. */
typedef struct TaskSource {
    const ExportPlan *plan;
    char *folder; /* DATA's from the root on; the C library's */
} TaskSource;

/* Whether a part of the path is "..". */
static bool path_climbs(const char *path) {
    while (path != NULL) {
        if (*path == '/') path++;
        if (strncmp(path, "..", 2) == 0 && (path[2] == '/' || path[2] == '\0')) return true;
        path = strchr(path, '/');
    }
    return false;
}

/* The path from the folder on; NULL where it lies elsewhere. */
static const char *path_below(const char *folder, const char *path) {
    if (path_climbs(path)) return NULL;
    if (path[0] != '/') return path;
    const size_t length = strlen(folder);
    return strncmp(path, folder, length) == 0 && path[length] == '/' ? path + length + 1 : NULL;
}

/* Adds a text percent-encoded (RFC 3986), slashes excepted; returns the end. */
static char *url_add(char *out, const char *text) {
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    static const char digits[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        const unsigned char byte = (unsigned char)*text;
        if (strchr(plain, *text) != NULL) {
            *out++ = *text;
        } else {
            *out++ = '%';
            *out++ = digits[byte >> 4];
            *out++ = digits[byte & 15];
        }
    }
    *out = '\0';
    return out;
}

/* *url: "/data/local-files/?d=FOLDER/PATH"; owned by the caller. */
static Status task_url(Context *ctx, const TaskSource *source, const char *path, char **url) {
    static const char start[] = "/data/local-files/?d=";
    const char *below = path_below(source->folder, path), *name = path_name(source->folder);
    if (below == NULL)
        return context_fail(ctx, SPICA_ERROR_DATA, "%s does not lie in %s, the folder that Label Studio is to serve",
                            path, source->folder);
    TRY(NEW_ARRAY(ctx, url, sizeof start + 3 * (strlen(name) + 1 + strlen(below))));
    memcpy(*url, start, sizeof start);
    char *out = url_add(*url + sizeof start - 1, name);
    if (name[0] != '\0') *out++ = '/';
    url_add(out, below);
    return SPICA_OK;
}

/* The choice of the group's name for the image. */
static Status add_choice(Context *ctx, const ExportPlan *plan, size_t index, json_t *results) {
    json_t *result, *value, *choices;
    char *name;
    TRY(json_new_object(ctx, &result));
    TRY(json_append(ctx, results, result));
    TRY(json_add_text(ctx, result, "type", "choices"));
    TRY(json_add_text(ctx, result, "from_name", "cluster"));
    TRY(json_add_text(ctx, result, "to_name", "image"));
    TRY(json_new_object(ctx, &value));
    TRY(json_add(ctx, result, "value", value));
    TRY(json_new_array(ctx, &choices));
    TRY(json_add(ctx, value, "choices", choices));
    TRY(text_escape(ctx, &name, export_group_name(plan, export_group(plan, index))));
    const Status status = json_append(ctx, choices, json_string(name));
    FREE_ARRAY(ctx, &name);
    return status;
}

static Status add_prediction(Context *ctx, const ExportPlan *plan, size_t index, json_t *task) {
    json_t *predictions, *prediction, *results;
    TRY(json_new_array(ctx, &predictions));
    TRY(json_add(ctx, task, "predictions", predictions));
    TRY(json_new_object(ctx, &prediction));
    TRY(json_append(ctx, predictions, prediction));
    TRY(json_add_text(ctx, prediction, "model_version", "spica"));
    if (!isnan(plan->table.confidences[index]))
        TRY(json_add_real(ctx, prediction, "score", (double)plan->table.confidences[index]));
    TRY(json_new_array(ctx, &results));
    TRY(json_add(ctx, prediction, "result", results));
    return add_choice(ctx, plan, index, results);
}

static Status fill_task(Context *ctx, const void *any_source, size_t index, json_t *task) {
    const TaskSource *source = any_source;
    const ExportPlan *plan = source->plan;
    json_t *data;
    char *url;
    TRY(json_new_object(ctx, &data));
    TRY(json_add(ctx, task, "data", data));
    TRY(task_url(ctx, source, plan->table.paths[index], &url));
    const Status status = json_add_text(ctx, data, "image", url);
    FREE_ARRAY(ctx, &url);
    TRY(status);
    TRY(json_add_integer(ctx, data, "rank", (int64_t)plan->ranks[index]));
    return add_prediction(ctx, plan, index, task);
}

Status export_labelstudio(Context *ctx, const ExportPlan *plan, const char *target) {
    const ObjectList tasks = {NULL, plan->table.count, fill_task};
    const char *folder = plan->folder[0] != '\0' ? plan->folder : ".";
    TaskSource source = {.plan = plan};
    if (!plan->files)
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: its pictures are not files, which Label Studio could show: export folders first",
                            plan->run);
    source.folder = realpath(folder, NULL);
    if (source.folder == NULL) return file_fail(ctx, "cannot find", folder);
    const Status status = lists_write(ctx, target, NULL, &tasks, 1, &source);
    free(source.folder);
    return status;
}

/* ---- COCO ---- */

/* The pictures' sizes. */
typedef struct CocoSource {
    const ExportPlan *plan;
    PictureList list; /* entries with width and height, where the pictures are files */
} CocoSource;

/* Width and height of every file, from the helper that decodes them; the pixels go nowhere. */
static Status measure_files(Context *ctx, CocoSource *source) {
    const ExportPlan *plan = source->plan;
    PictureList *list = &source->list;
    DecodeSettings settings = {.width = 1,
                               .height = 1,
                               .channels = 1,
                               .fit = DECODE_CROP,
                               .most_pixels = DATA_MAX_PIXELS,
                               .seconds = DATA_DECODE_SECONDS};
    PictureEntry *entry;
    bool other_size;
    TRY(memory_copy_text(ctx, &list->folder, plan->folder[0] != '\0' ? plan->folder : "."));
    for (size_t i = 0; i < plan->table.count; i++)
        TRY(picture_list_add(ctx, list, plan->table.paths[i], &entry));
    settings.file = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (settings.file < 0) return file_fail(ctx, "cannot open", "/dev/null");
    Status status = decode_pictures(ctx, list, &settings, &other_size);
    close(settings.file);
    for (size_t i = 0; status == SPICA_OK && i < list->count; i++)
        if (list->entries[i].problem != NULL)
            status = context_fail(ctx, SPICA_ERROR_DATA, "%s: %s", list->entries[i].path, list->entries[i].problem);
    return status;
}

static void picture_size(const CocoSource *source, size_t index, int64_t *width, int64_t *height) {
    const ExportPlan *plan = source->plan;
    *width = plan->files ? (int64_t)source->list.entries[index].width : plan->dataset.width;
    *height = plan->files ? (int64_t)source->list.entries[index].height : plan->dataset.height;
}

static Status fill_coco_image(Context *ctx, const void *any_source, size_t index, json_t *object) {
    const CocoSource *source = any_source;
    int64_t width, height;
    picture_size(source, index, &width, &height);
    TRY(json_add_integer(ctx, object, "id", (int64_t)index + 1));
    TRY(json_add_text(ctx, object, "file_name", source->plan->table.paths[index]));
    TRY(json_add_integer(ctx, object, "width", width));
    return json_add_integer(ctx, object, "height", height);
}

/* The box is the whole picture. */
static Status add_box(Context *ctx, json_t *object, int64_t width, int64_t height) {
    const int64_t box[] = {0, 0, width, height};
    json_t *numbers;
    TRY(json_new_array(ctx, &numbers));
    TRY(json_add(ctx, object, "bbox", numbers));
    for (int i = 0; i < 4; i++)
        TRY(json_append_integer(ctx, numbers, box[i]));
    return json_add_integer(ctx, object, "area", width * height);
}

static Status fill_coco_annotation(Context *ctx, const void *any_source, size_t index, json_t *object) {
    const CocoSource *source = any_source;
    const ExportPlan *plan = source->plan;
    int64_t width, height;
    picture_size(source, index, &width, &height);
    TRY(json_add_integer(ctx, object, "id", (int64_t)index + 1));
    TRY(json_add_integer(ctx, object, "image_id", (int64_t)index + 1));
    TRY(json_add_integer(ctx, object, "category_id", (int64_t)export_group(plan, index) + 1));
    TRY(add_box(ctx, object, width, height));
    TRY(json_add(ctx, object, "segmentation", json_array()));
    TRY(json_add_integer(ctx, object, "iscrowd", 0));
    if (isnan(plan->table.confidences[index])) return SPICA_OK;
    return json_add_real(ctx, object, "score", (double)plan->table.confidences[index]);
}

static Status fill_coco_category(Context *ctx, const void *any_source, size_t index, json_t *object) {
    const CocoSource *source = any_source;
    TRY(json_add_integer(ctx, object, "id", (int64_t)index + 1));
    TRY(json_add_text(ctx, object, "name", export_group_name(source->plan, index)));
    return json_add_text(ctx, object, "supercategory", "cluster");
}

Status export_coco(Context *ctx, const ExportPlan *plan, const char *target) {
    CocoSource source = {.plan = plan};
    const ObjectList lists[] = {{"images", plan->table.count, fill_coco_image},
                                {"annotations", plan->table.count, fill_coco_annotation},
                                {"categories", plan->names.group_count, fill_coco_category}};
    Status status = plan->files ? measure_files(ctx, &source) : SPICA_OK;
    if (status == SPICA_OK)
        status = lists_write(ctx, target, "{\"description\": \"clusters by spica\"}", lists, 3, &source);
    picture_list_close(ctx, &source.list);
    return status;
}
