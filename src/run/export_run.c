/* spica_export: a run's clusters in other forms. */
#include <string.h>

#include "base/files.h"
#include "run/export_forms.h"
#include "run/options_api.h"

typedef struct ExportForm {
    const char *name;
    bool shows_pictures;                                                       /* they must be found */
    Status (*write)(Context *ctx, const ExportPlan *plan, const char *target); /* NULL: folders */
} ExportForm;

static const ExportForm forms[] = {
    {"folders", true, NULL},      {"csv", false, export_csv},
    {"json", false, export_json}, {"labelstudio", true, export_labelstudio},
    {"coco", true, export_coco},
};

static Status find_form(Context *ctx, const char *name, const ExportForm **form) {
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        *form = &forms[i];
        if (strcmp(forms[i].name, name) == 0) return SPICA_OK;
    }
    return context_fail(ctx, SPICA_ERROR_OPTION, "an export is folders, csv, json, labelstudio or coco, not '%s'",
                        name);
}

static Status find_link(Context *ctx, const char *name, ExportLink *link) {
    static const char *const names[] = {
        [EXPORT_COPY] = "copy", [EXPORT_SYMLINK] = "symlink", [EXPORT_HARDLINK] = "hardlink"};
    *link = EXPORT_COPY;
    for (int i = 0; name != NULL && i < 3; i++)
        if (strcmp(names[i], name) == 0) *link = (ExportLink)i;
    if (name == NULL || strcmp(names[*link], name) == 0) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_OPTION, "a link is copy, symlink or hardlink, not '%s'", name);
}

/* ---- What is told ---- */

static Status add_group(Context *ctx, const ExportPlan *plan, size_t group, const char *folder, json_t *groups) {
    json_t *object, *clusters;
    TRY(json_new_object(ctx, &object));
    TRY(json_append(ctx, groups, object));
    TRY(json_add_text(ctx, object, "name", export_group_name(plan, group)));
    if (folder != NULL && plan->sizes[group] > 0) TRY(json_add_text(ctx, object, "folder", folder));
    TRY(json_add_integer(ctx, object, "pictures", (int64_t)plan->sizes[group]));
    TRY(json_new_array(ctx, &clusters));
    TRY(json_add(ctx, object, "clusters", clusters));
    for (size_t cluster = 0; cluster < plan->names.clusters; cluster++)
        if (plan->names.groups[cluster] == group) TRY(json_append_integer(ctx, clusters, (int64_t)cluster));
    return SPICA_OK;
}

static Status fill_answer(Context *ctx, const ExportPlan *plan, const ExportForm *form, json_t *object) {
    Arena arena = {0};
    const char **folders = NULL;
    json_t *groups;
    TRY(json_add_text(ctx, object, "format", form->name));
    TRY(json_add_integer(ctx, object, "pictures", (int64_t)plan->table.count));
    TRY(json_new_array(ctx, &groups));
    TRY(json_add(ctx, object, "groups", groups));
    Status status = form->write == NULL ? export_folder_names(ctx, &arena, plan, &folders) : SPICA_OK;
    for (size_t group = 0; status == SPICA_OK && group < plan->names.group_count; group++)
        status = add_group(ctx, plan, group, folders != NULL ? folders[group] : NULL, groups);
    arena_close(ctx, &arena);
    return status;
}

static Status answer(Context *ctx, const ExportPlan *plan, const ExportForm *form, char **json) {
    json_t *object;
    if (json == NULL) return SPICA_OK;
    TRY(json_new_object(ctx, &object));
    Status status = fill_answer(ctx, plan, form, object);
    if (status == SPICA_OK) status = json_text_write(ctx, object, true, json);
    json_decref(object);
    return status;
}

/* ---- The export ---- */

/* A file that is not there yet, or no regular file (/dev/stdout). */
static Status check_file(Context *ctx, const char *target) {
    if (path_is_folder(target))
        return context_fail(ctx, SPICA_ERROR_IO, "%s is a folder: a file is to be written", target);
    if (!path_is_file(target)) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_IO, "%s is there already: an export never overwrites", target);
}

static Status write_form(Context *ctx, const ExportPlan *plan, const ExportForm *form, const char *target,
                         ExportLink link, const spica_export_settings *settings) {
    if (form->write == NULL) return export_folders(ctx, plan, target, link, settings);
    TRY(check_file(ctx, target));
    return settings->dry_run ? SPICA_OK : form->write(ctx, plan, target);
}

spica_status spica_export(spica_context *context, const char *run, const char *format, const char *target,
                          const spica_export_settings *settings, const spica_options *options, char **json) {
    const spica_export_settings used = settings != NULL ? *settings : (spica_export_settings){0};
    const ExportForm *form;
    ExportLink link;
    ExportPlan plan = {0};
    if (json != NULL) *json = NULL;
    TRY(find_form(context, format, &form));
    TRY(find_link(context, used.link, &link));
    const int threads = options_use_threads(context, options);
    Status status = export_plan_open(context, &plan, run);
    if (status == SPICA_OK && form->shows_pictures)
        status = export_plan_find_pictures(context, &plan, used.data, options);
    if (status == SPICA_OK) status = write_form(context, &plan, form, target, link, &used);
    if (status == SPICA_OK) status = answer(context, &plan, form, json);
    export_plan_close(context, &plan);
    context->threads = threads;
    return status;
}
