/* The forms that an export may take. */
#ifndef SPICA_RUN_EXPORT_FORMS_H
#define SPICA_RUN_EXPORT_FORMS_H

#include "run/export_plan.h"

typedef enum ExportLink { EXPORT_COPY, EXPORT_SYMLINK, EXPORT_HARDLINK } ExportLink;

/* Folders of pictures: `target`, which must be empty or not there yet, gets a folder for each group that has pictures.
 * settings: dry_run and file count. Nothing that is there is overwritten, and nothing is written elsewhere, whatever
 * the names. Errors: SPICA_ERROR_IO naming what could not be written, SPICA_ERROR_OPTION where pictures that are no
 * files cannot be linked, SPICA_CANCELLED. */
Status export_folders(Context *ctx, const ExportPlan *plan, const char *target, ExportLink link,
                      const spica_export_settings *settings);

/* *names: of the folder of each group, different from each other also where upper and lower case are not told apart;
 * owned by the arena. */
Status export_folder_names(Context *ctx, Arena *arena, const ExportPlan *plan, const char ***names);

/* One file, which must not be there yet. coco needs width and height of the pictures, which are asked of the files
 * themselves. Errors: SPICA_ERROR_IO; SPICA_ERROR_DATA where a picture cannot be read, or has no address for Label
 * Studio. */
Status export_csv(Context *ctx, const ExportPlan *plan, const char *target);
Status export_json(Context *ctx, const ExportPlan *plan, const char *target);
Status export_labelstudio(Context *ctx, const ExportPlan *plan, const char *target);
Status export_coco(Context *ctx, const ExportPlan *plan, const char *target);

#endif
