/* The run folder: how a run is kept and found again.
 *
 * Floor plan of the room:
 *   run_folder.h    this file: the folder itself, config.ini, run.json, log.jsonl, matrices
 *   run_stages.h    which stages are done, and with which files
 *   checkpoint.h    how far a stage is that is not
 *   run_lock.h      one process at a time works on a run
 *   cluster_table.h clusters.csv
 * Result files hold no clock, host or folder name, so that equal runs give equal files; those stand in run.json. */
#ifndef SPICA_STATE_RUN_FOLDER_H
#define SPICA_STATE_RUN_FOLDER_H

#include "base/json_text.h"
#include "config/options.h"

#define RUN_CONFIG "config.ini"
#define RUN_RECORD "run.json"
#define RUN_LOG "log.jsonl"
#define RUN_BACKBONE "backbone.safetensors"
#define RUN_HEAD "head.safetensors"
#define RUN_MODEL "model.safetensors"
#define RUN_SCAN "scan.safetensors"
#define RUN_EMBEDDINGS "embeddings.npy"
#define RUN_PROBABILITIES "probabilities.npy"
#define RUN_RELIABLE "reliable.npy"
#define RUN_CLUSTERS "clusters.csv"
#define RUN_METRICS "metrics.json"
#define RUN_PARTITION "partition.safetensors"
#define RUN_PARTITION_LABELS "partition.npy"
#define RUN_TRIALS "trials"
#define RUN_TRIALS_TABLE "trials.csv"
#define RUN_TRIALS_RECORD "trials.json"
#define RUN_BAD_FILES "bad-files.csv"
#define RUN_DUPLICATES "duplicates.csv"
#define RUN_REPORT "report.html"
#define RUN_PLOTS "plots"
#define RUN_CHECKPOINT "checkpoint"
#define RUN_LOCK "lock"

/* Zeroed may be closed. */
typedef struct RunFolder {
    char *path;     /* owned */
    bool exists;    /* it holds a run that is to be gone on with */
    bool overwrite; /* the run that it holds is to be removed */
} RunFolder;

/* Looks at the folder and changes nothing. SPICA_ERROR_RUN: the path is a file, or a folder that is neither empty nor a
 * run's, that is without config.ini and run.json (it is refused with `overwrite` too: only a run's own files are ever
 * removed). */
Status run_folder_open(Context *ctx, RunFolder *folder, const char *path, bool overwrite);
void run_folder_close(Context *ctx, RunFolder *folder);

/* As run_folder_open for a folder that must hold a run: SPICA_ERROR_RUN where it does not. */
Status run_folder_open_existing(Context *ctx, RunFolder *folder, const char *path);

/* Removes what runs have written into the folder, those of its trials included, and nothing else. */
Status run_folder_clear(Context *ctx, const char *path);

/* The folder `to`, which exists, becomes one of the same run as `from`: its files are copied, config.ini last, without
 * which a folder holds no run. */
Status run_folder_copy(Context *ctx, const char *from, const char *to);

/* *joined: the path of a file in the folder, owned by the caller. */
Status run_folder_path(Context *ctx, const RunFolder *folder, const char *name, char **joined);

/* config.ini's options onto `options` (open), as a recipe's. SPICA_ERROR_RUN when the file is damaged. */
Status run_folder_options(Context *ctx, const RunFolder *folder, Options *options);

/* SPICA_ERROR_RUN naming every option whose value in config.ini is not that of `asked`, with both values. Keys in
 * `ignored` (NULL-ended, may be NULL) may differ. */
Status run_folder_check_options(Context *ctx, const RunFolder *folder, const Options *asked,
                                const char *const *ignored);

/* What is told about a run in run.json. Texts are the caller's. */
typedef struct RunFact {
    const char *name, *text;
} RunFact;

typedef struct RunRecord {
    const char *command;            /* the command line, or NULL */
    const char *data;               /* DATA as given */
    const char *data_kind;          /* "idx" ... */
    const char *data_name;          /* "fashion-mnist" ..., or "" */
    uint64_t fingerprint;           /* of the data */
    uint64_t auxiliary_fingerprint; /* of the auxiliary pictures; 0: there are none */
    size_t pictures;
    int threads;
    const char *instruction_set; /* "avx2" ... */
    const RunFact *libraries;    /* name and version, library_count of them */
    size_t library_count;
} RunRecord;

/* SPICA_ERROR_RUN when the folder's run was made from other data. */
Status run_folder_check_data(Context *ctx, const RunFolder *folder, uint64_t fingerprint);

/* Likewise for auxiliary pictures. */
Status run_folder_check_auxiliary(Context *ctx, const RunFolder *folder, uint64_t fingerprint);

/* Makes the folder (or removes the old run with `overwrite`), writes config.ini where it is missing, and adds a session
 * to run.json. A session on another instruction set, thread count or library is logged: bits may differ. After it
 * folder->exists. Errors: SPICA_ERROR_IO. */
Status run_folder_begin(Context *ctx, RunFolder *folder, const Options *resolved, const RunRecord *record);

/* Writes the end of the last session with its outcome ("done", "cancelled" ...) into run.json. */
Status run_folder_end(Context *ctx, const RunFolder *folder, const char *outcome);

/* One line of log.jsonl. The object stays the caller's. */
Status run_folder_log(Context *ctx, const RunFolder *folder, const json_t *object);

/* A JSON file of the folder (metrics.json), replaced atomically. */
Status run_folder_write_json(Context *ctx, const RunFolder *folder, const char *name, const json_t *value);
Status run_folder_read_json(Context *ctx, const RunFolder *folder, const char *name, json_t **value);

/* Matrices of the folder (embeddings.npy, probabilities.npy): values[rows x columns]. Read: *values owned by the
 * caller; SPICA_ERROR_RUN when the file has another type or shape; columns 0 asks for any and *columns tells. */
Status run_folder_write_matrix(Context *ctx, const RunFolder *folder, const char *name, const float *values,
                               size_t rows, size_t columns);
Status run_folder_read_matrix(Context *ctx, const RunFolder *folder, const char *name, size_t rows, size_t *columns,
                              float **values);

/* Labels of the folder (reliable.npy): a vector of int32. */
Status run_folder_write_labels(Context *ctx, const RunFolder *folder, const char *name, const int32_t *labels,
                               size_t count);
Status run_folder_read_labels(Context *ctx, const RunFolder *folder, const char *name, size_t count, int32_t **labels);

#endif
