#define _DEFAULT_SOURCE /* realpath */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_name.h"
#include "base/files.h"
#include "base/log.h"
#include "data/png_writer.h"
#include "run/export_forms.h"

/* Everything is made relative to open folders, by names without a slash, and nothing that exists is opened: what is
 * written stays below the target, whatever the names are and whoever changes the folder meanwhile. */

/* ---- Names ---- */

static bool name_taken(const char *const *names, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(names[i], name) == 0) return true;
    return false;
}

/* The group's name as a file name, with a number where an earlier group has it. */
static Status folder_name(Context *ctx, Arena *arena, const char *const *names, size_t group, const char *text,
                          const char **kept) {
    char *name, numbered[FILE_NAME_MOST + 32], *copy;
    const size_t room = FILE_NAME_MOST - 21; /* a hyphen and a number */
    TRY(file_name_make(ctx, &name, text, room));
    snprintf(numbered, sizeof numbered, "%s", name);
    for (size_t number = 2; name_taken(names, group, numbered); number++)
        snprintf(numbered, sizeof numbered, "%s-%zu", name, number);
    FREE_ARRAY(ctx, &name);
    TRY(arena_allocate(ctx, arena, (void **)&copy, strlen(numbered) + 1, 1));
    strcpy(copy, numbered);
    *kept = copy;
    return SPICA_OK;
}

Status export_folder_names(Context *ctx, Arena *arena, const ExportPlan *plan, const char ***names) {
    TRY(arena_allocate(ctx, arena, (void **)names, plan->names.group_count, sizeof **names));
    for (size_t group = 0; group < plan->names.group_count; group++)
        TRY(folder_name(ctx, arena, *names, group, export_group_name(plan, group), &(*names)[group]));
    return SPICA_OK;
}

static int digits_of(size_t number) { return snprintf(NULL, 0, "%zu", number); }

/* "007-cat.jpg": as many digits as the largest group needs, then what the picture was called. */
static Status picture_name(Context *ctx, const ExportPlan *plan, size_t picture, int digits, char **name) {
    const char *ending = plan->files ? "" : ".png";
    char *own;
    TRY(file_name_make(ctx, &own, path_name(plan->table.paths[picture]),
                       FILE_NAME_MOST - (size_t)digits - 1 - strlen(ending)));
    const size_t room = (size_t)digits + 1 + strlen(own) + strlen(ending) + 1;
    const Status status = NEW_ARRAY(ctx, name, room);
    if (status == SPICA_OK) snprintf(*name, room, "%0*zu-%s%s", digits, plan->ranks[picture], own, ending);
    FREE_ARRAY(ctx, &own);
    return status;
}

/* ---- Files ---- */

static Status write_bytes(Context *ctx, int file, const char *name, const uint8_t *bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = write(file, bytes, count);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return file_fail(ctx, "cannot write", name);
        bytes += written;
        count -= (size_t)written;
    }
    return SPICA_OK;
}

static Status copy_bytes(Context *ctx, int from, const char *source, int to, const char *name) {
    uint8_t block[1 << 16];
    for (;;) {
        const ssize_t got = read(from, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return file_fail(ctx, "cannot read", source);
        if (got == 0) return SPICA_OK;
        TRY(write_bytes(ctx, to, name, block, (size_t)got));
    }
}

/* A new file `name` of the open folder; removed again by file_end where it could not be completed. */
static Status file_begin(Context *ctx, int folder, const char *name, int *file) {
    *file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return *file >= 0 ? SPICA_OK : file_fail(ctx, "cannot create", name);
}

static Status file_end(Context *ctx, int folder, const char *name, int file, Status status) {
    if (close(file) != 0 && status == SPICA_OK) status = file_fail(ctx, "cannot close", name);
    if (status != SPICA_OK) unlinkat(folder, name, 0);
    return status;
}

static Status source_copy(Context *ctx, const char *source, int folder, const char *name) {
    int file;
    const int from = open(source, O_RDONLY | O_CLOEXEC);
    if (from < 0) return file_fail(ctx, "cannot open", source);
    Status status = file_begin(ctx, folder, name, &file);
    if (status == SPICA_OK) status = file_end(ctx, folder, name, file, copy_bytes(ctx, from, source, file, name));
    close(from);
    return status;
}

static Status source_symlink(Context *ctx, const char *source, int folder, const char *name) {
    char *whole = realpath(source, NULL); /* from the root, so that it holds from everywhere */
    if (whole == NULL) return file_fail(ctx, "cannot find", source);
    const Status status = symlinkat(whole, folder, name) == 0 ? SPICA_OK : file_fail(ctx, "cannot link", name);
    free(whole); /* the C library's */
    return status;
}

static Status source_hardlink(Context *ctx, const char *source, int folder, const char *name) {
    if (linkat(AT_FDCWD, source, folder, name, AT_SYMLINK_FOLLOW) == 0) return SPICA_OK;
    if (errno == EXDEV)
        return context_fail(ctx, SPICA_ERROR_IO, "%s is on another file system: it can be copied or symlinked", source);
    return file_fail(ctx, "cannot link", source);
}

static Status pixels_write(Context *ctx, const Dataset *dataset, size_t row, int folder, const char *name) {
    uint8_t *bytes;
    size_t count;
    int file;
    TRY(png_encode(ctx, dataset_picture(dataset, row), (size_t)dataset->height, (size_t)dataset->width,
                   (size_t)dataset->channels, &bytes, &count));
    Status status = file_begin(ctx, folder, name, &file);
    if (status == SPICA_OK) status = file_end(ctx, folder, name, file, write_bytes(ctx, file, name, bytes, count));
    FREE_ARRAY(ctx, &bytes);
    return status;
}

static Status picture_write(Context *ctx, const ExportPlan *plan, size_t picture, ExportLink link, int folder,
                            const char *name) {
    static Status (*const writers[])(Context *, const char *, int, const char *) = {
        [EXPORT_COPY] = source_copy, [EXPORT_SYMLINK] = source_symlink, [EXPORT_HARDLINK] = source_hardlink};
    char *source;
    if (!plan->files) return pixels_write(ctx, &plan->dataset, picture, folder, name);
    TRY(export_source_path(ctx, plan, picture, &source));
    const Status status = writers[link](ctx, source, folder, name);
    FREE_ARRAY(ctx, &source);
    return status;
}

/* ---- Folders ---- */

typedef struct FolderExport {
    const ExportPlan *plan;
    ExportLink link;
    const spica_export_settings *settings;
    int target; /* descriptor of the target folder; -1 in a dry run */
    int digits;
    Progress progress;
    size_t done;
} FolderExport;

/* Tells the caller of one file. */
static Status file_tell(Context *ctx, const spica_export_settings *settings, const char *path, const char *folder,
                        const char *name) {
    char target[2 * FILE_NAME_MOST + 2];
    if (settings->file == NULL) return SPICA_OK;
    snprintf(target, sizeof target, "%s/%s", folder, name);
    if (settings->file(settings->user, path, target) == 0) return SPICA_OK;
    return context_fail(ctx, SPICA_CANCELLED, "stopped by the caller");
}

static Status picture_export(Context *ctx, FolderExport *export, size_t picture, int folder, const char *folder_text) {
    char *name;
    TRY(context_check_cancel(ctx));
    TRY(picture_name(ctx, export->plan, picture, export->digits, &name));
    Status status = file_tell(ctx, export->settings, export->plan->table.paths[picture], folder_text, name);
    if (status == SPICA_OK && folder >= 0)
        status = picture_write(ctx, export->plan, picture, export->link, folder, name);
    FREE_ARRAY(ctx, &name);
    progress_update(&export->progress, (double)++export->done, (double)NAN);
    return status;
}

static Status folder_begin(Context *ctx, int target, const char *name, int *folder) {
    *folder = -1;
    if (target < 0) return SPICA_OK;
    if (mkdirat(target, name, 0777) != 0) return file_fail(ctx, "cannot make folder", name);
    *folder = openat(target, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *folder >= 0 ? SPICA_OK : file_fail(ctx, "cannot open folder", name);
}

/* Pictures of the group are order[first .. first + size - 1]. */
static Status group_export(Context *ctx, FolderExport *export, const char *name, size_t first, size_t size) {
    int folder;
    if (size == 0) return SPICA_OK;
    Status status = folder_begin(ctx, export->target, name, &folder);
    for (size_t i = first; status == SPICA_OK && i < first + size; i++)
        status = picture_export(ctx, export, export->plan->order[i], folder, name);
    if (folder >= 0) close(folder);
    return status;
}

static Status groups_export(Context *ctx, FolderExport *export) {
    const ExportPlan *plan = export->plan;
    Arena arena = {0};
    const char **names;
    progress_start(&export->progress, ctx, "export", "picture", (double)plan->table.count);
    Status status = export_folder_names(ctx, &arena, plan, &names);
    for (size_t group = 0, first = 0; status == SPICA_OK && group < plan->names.group_count; group++) {
        status = group_export(ctx, export, names[group], first, plan->sizes[group]);
        first += plan->sizes[group];
    }
    arena_close(ctx, &arena);
    if (status == SPICA_OK) progress_finish(&export->progress, (double)export->done, (double)NAN);
    return status;
}

static Status target_check(Context *ctx, const char *target) {
    FolderList list = {0};
    if (!path_exists(target)) return SPICA_OK;
    Status status = folder_list(ctx, &list, target);
    if (status == SPICA_OK && list.count > 0)
        status = context_fail(ctx, SPICA_ERROR_IO, "%s is not empty: an export never overwrites", target);
    folder_list_close(ctx, &list);
    return status;
}

static size_t largest_group(const ExportPlan *plan) {
    size_t largest = 0;
    for (size_t group = 0; group < plan->names.group_count; group++)
        if (plan->sizes[group] > largest) largest = plan->sizes[group];
    return largest;
}

Status export_folders(Context *ctx, const ExportPlan *plan, const char *target, ExportLink link,
                      const spica_export_settings *settings) {
    FolderExport export = {
        .plan = plan, .link = link, .settings = settings, .target = -1, .digits = digits_of(largest_group(plan))};
    if (!plan->files && link != EXPORT_COPY)
        return context_fail(ctx, SPICA_ERROR_OPTION,
                            "%s: its pictures are not files of their own, which could be linked", plan->run);
    TRY(target_check(ctx, target));
    if (!settings->dry_run) {
        TRY(folder_make(ctx, target));
        export.target = open(target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (export.target < 0) return file_fail(ctx, "cannot open folder", target);
    }
    const Status status = groups_export(ctx, &export);
    if (export.target >= 0) close(export.target);
    return status;
}
