/* spica: group unlabelled pictures into K meaningful clusters.
 *
 * The one public header of libspica. The library never exits, aborts or prints: every fallible function returns a
 * spica_status, and the reason in words (with path, option or byte offset) is kept on the context. A context serves
 * one calling thread at a time; different threads use different contexts.
 */
#ifndef SPICA_SPICA_H
#define SPICA_SPICA_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define SPICA_API __attribute__((visibility("default")))
#else
#define SPICA_API
#endif

/* name, text in words, exit status that the command line gives it */
#define SPICA_STATUS_LIST(X)                                                                                           \
    X(SPICA_OK, "done", 0)                                                                                             \
    X(SPICA_ERROR_OPTION, "wrong option or value", 2)                                                                  \
    X(SPICA_ERROR_DATA, "data missing, unreadable, of wrong format or too few", 3)                                     \
    X(SPICA_ERROR_MEMORY, "out of memory", 1)                                                                          \
    X(SPICA_ERROR_IO, "file could not be read or written", 1)                                                          \
    X(SPICA_ERROR_RUN, "run folder is missing, damaged or of another run", 1)                                          \
    X(SPICA_ERROR_WEIGHTS, "weights file does not fit", 1)                                                             \
    X(SPICA_ERROR_NUMERIC, "computation left the finite numbers", 1)                                                   \
    X(SPICA_ERROR_INTERNAL, "internal error", 1)                                                                       \
    X(SPICA_CANCELLED, "cancelled", 130)

typedef enum spica_status {
#define SPICA_STATUS_NAME(name, text, exit_status) name,
    SPICA_STATUS_LIST(SPICA_STATUS_NAME)
#undef SPICA_STATUS_NAME
} spica_status;

/* The status in words; never NULL. */
SPICA_API const char *spica_status_text(spica_status status);

/* The version of the library in use, "MAJOR.MINOR.PATCH". */
SPICA_API const char *spica_version(void);

typedef enum spica_log_level { SPICA_LOG_DEBUG, SPICA_LOG_INFO, SPICA_LOG_WARNING } spica_log_level;

/* One report of how far a stage has come. Text pointers are valid during the call only. */
typedef struct spica_progress {
    const char *stage;   /* "features", "head", "joint", "embed" ... */
    const char *unit;    /* what done and total count: "step", "picture" */
    double done;         /* units finished */
    double total;        /* units in the stage, 0 when unknown */
    double rate;         /* units a second, 0 when unknown */
    double seconds_left; /* estimate for the stage, negative when unknown */
    double loss;         /* latest training loss, NaN where there is none */
} spica_progress;

/* What a caller may hand to spica_context_open. Zeroed means: all defaults. Callbacks are called from the thread that
 * called the library. */
typedef struct spica_settings {
    void *(*allocate)(void *user, size_t bytes,
                      size_t alignment);      /* NULL: the C library's; alignment: a power of two */
    void (*release)(void *user, void *block); /* set together with allocate, or both NULL */
    void (*log)(void *user, spica_log_level level, const char *line);
    void (*progress)(void *user, const spica_progress *progress);
    int (*cancel)(void *user); /* nonzero: stop at the next step with SPICA_CANCELLED */
    void *user;
    const char *command; /* how the program was called, for the records of its runs; NULL: not told. Must outlive the
                          * context. */
} spica_settings;

typedef struct spica_context spica_context;

/* Opens a context. settings may be NULL. *context is NULL after a failure. */
SPICA_API spica_status spica_context_open(spica_context **context, const spica_settings *settings);

/* Closes a context and sets the caller's pointer to NULL; closing NULL is allowed. */
SPICA_API void spica_context_close(spica_context **context);

/* Calls that would have more than this many bytes in use at once fail with SPICA_ERROR_MEMORY; 0: no limit. Counted are
 * the blocks of `allocate`; what other libraries take, some tens of megabytes, and cached pictures, which are mapped
 * from a file, and the processes that decode pictures are not. */
SPICA_API void spica_context_limit_memory(spica_context *context, size_t bytes);

/* The reason of the latest failure on this context in one line; "" when there was none. Valid until the next call. */
SPICA_API const char *spica_context_reason(const spica_context *context);

/* Releases a text that the library handed out and sets the caller's pointer to NULL; NULL is allowed. */
SPICA_API void spica_text_free(spica_context *context, char **text);

/* The word of words[count] nearest to a misspelt one by edit distance; NULL when none is near. */
SPICA_API const char *spica_nearest_word(const char *word, const char *const *words, size_t count);

/* ---- Options: everything that can be set, by key and text. docs/options.md lists them. ---- */

typedef struct spica_options spica_options;

/* Opens options at their defaults; closed by spica_options_close with the same context. */
SPICA_API spica_status spica_options_open(spica_context *context, spica_options **options);
SPICA_API void spica_options_close(spica_context *context, spica_options **options);

/* Sets one option, "features.epochs" to "20". SPICA_ERROR_OPTION: unknown key (with the nearest known one) or a value
 * out of bounds. Stronger than any recipe, whatever the order of the calls. */
SPICA_API spica_status spica_options_set(spica_context *context, spica_options *options, const char *key,
                                         const char *text);

/* Applies a recipe: a preset's name or a file in the same syntax (RUN/config.ini is one). */
SPICA_API spica_status spica_options_recipe(spica_context *context, spica_options *options, const char *name_or_path);

/* The value as text, valid until it is set again; NULL for an unknown key. */
SPICA_API const char *spica_options_get(const spica_options *options, const char *key);

/* One row of the option table; texts are constant, "" where there is nothing to say. */
typedef struct spica_option_info {
    const char *key;     /* "run.threads" */
    const char *flag;    /* the command line's named option, "--threads", or "" */
    const char *type;    /* "integer", "real", "boolean", "text", "choice", "duration" */
    const char *choices; /* "a|b|c" */
    double low, high;    /* of numbers */
    const char *initial; /* default */
    const char *unit, *help, *source;
} spica_option_info;

SPICA_API size_t spica_option_count(void);
/* SPICA_ERROR_OPTION when index is too large. */
SPICA_API spica_status spica_option_describe(size_t index, spica_option_info *info);
/* The manual page of all options as Markdown; *text freed by spica_text_free. */
SPICA_API spica_status spica_options_manual(spica_context *context, char **text);

SPICA_API size_t spica_recipe_count(void);
SPICA_API const char *spica_recipe_name(size_t index);     /* NULL when index is too large */
SPICA_API const char *spica_recipe_text(const char *name); /* NULL when there is none of that name */

/* ---- Whole runs ---- */

/* How good clusters are. How well they agree with labels is NaN where there are no labels. */
typedef struct spica_quality {
    double acc;           /* best one-to-one matching of clusters and classes */
    double nmi;           /* normalised by the arithmetic mean */
    double nmi_geometric; /* normalised by the geometric mean */
    double ari;
    double purity;
    double macro_f1;          /* mean over classes of the F1 of the matched cluster */
    double balanced_accuracy; /* mean over classes of the share that lies in the matched cluster */
    uint64_t clusters;        /* with at least one picture */
    uint64_t pictures;        /* that were compared; all pictures where there are no labels */
    /* What needs no labels, but for the last one; NaN where it is undefined: */
    double smallest_share, largest_share; /* of all pictures: the smallest and the largest cluster */
    double mean_confidence;               /* NaN where a method has none */
    double silhouette;        /* on the rows that were clustered, or the embeddings, by a sample (docs/formats.md) */
    double calibration_error; /* expected, of confidences that are probabilities, where labels exist */
} spica_quality;

/* Groups the pictures of `data` into run.clusters clusters, in the run folder `run` (docs/formats.md), which is
 * created. An existing folder is resumed where the same options made it, and refused otherwise; overwrite: emptied
 * first. quality may be NULL.
 *
 * With run.trials above 1, that many runs with the seeds run.seed, run.seed + 1 ... are made in `run`/trials/seed-SEED,
 * each with its share of run.budget, and told in `run`/trials.csv and trials.json; the one whose clusters agree best
 * with the others' (mean adjusted Rand index) is copied to `run`. A trial that leaves the finite numbers is recorded as
 * failed, and the others go on. */
SPICA_API spica_status spica_cluster(spica_context *context, const spica_options *options, const char *data,
                                     const char *run, int overwrite, spica_quality *quality);

/* The ablations that spica_ablate knows: a name, and one line that says what it is; NULL when index is too large. */
SPICA_API size_t spica_ablation_count(void);
SPICA_API const char *spica_ablation_name(size_t index);
SPICA_API const char *spica_ablation_summary(size_t index);

/* Reruns the ablation tables of a paper on the pictures of `data`: every variant that the ablation `name` has, with the
 * seeds run.seed .. run.seed + seeds - 1 (1 to 1000 of them), each as spica_cluster does it, in the run folder
 * `folder`/VARIANT/seed-SEED. run.budget is the wall time of all runs together, in seconds, and every run gets the same
 * share; without it each run has its recipe's length. Variants that differ after stage 1 alone go on from the stage 1
 * of one of them with the same seed, at the lengths that it had: what comes out is the same as if each had trained it.
 * After every run `folder`/ablation.csv and ablation.json (docs/formats.md) are replaced. The same call goes on where
 * an earlier one was stopped.
 *
 * A run that leaves the finite numbers is recorded as failed and the others go on; every other failure ends the call.
 * SPICA_ERROR_OPTION: an unknown name, seeds out of bounds, or options that a variant refuses; SPICA_ERROR_RUN: the
 * folder holds something else, or runs of another budget. *json (may be NULL): ablation.json's text; freed by
 * spica_text_free. */
SPICA_API spica_status spica_ablate(spica_context *context, const spica_options *options, const char *name,
                                    const char *data, const char *folder, size_t seeds, char **json);

/* One assigned picture; texts are valid during the call only. */
typedef struct spica_row {
    const char *path;  /* relative to the data, or FILE#ROW */
    int32_t cluster;   /* 0 .. K-1 */
    float confidence;  /* largest probability; of a classic algorithm what docs/methods/baselines.md says */
    int reliable;      /* 1, 0, or -1 where the method has none */
    const char *label; /* class name, or NULL */
} spica_row;

/* Assigns the pictures of `data` to the clusters of `run`; row is called once per picture in data order and stops the
 * work by returning nonzero (SPICA_CANCELLED). options: data.* and run.threads count; may be NULL. */
SPICA_API spica_status spica_assign(spica_context *context, const char *run, const char *data,
                                    const spica_options *options, int (*row)(void *user, const spica_row *row),
                                    void *user);

/* Compares clusters with labels. path: a run folder, whose clusters.csv is read, or with `data` other pictures assigned
 * by it; or a CSV file path,cluster[,label], whose clusters may have any names; or a .npy of one integer a row, where
 * rows below 0 are in no cluster and left out. labels: "none", a CSV file path,label or a .npy of one integer a row, or
 * NULL or "auto" for the label column or the data set's own. options may be NULL. confusion (may be NULL): a CSV file
 * to be written, a row per cluster and a column per class; without labels SPICA_ERROR_DATA. *json (may be NULL):
 * metrics.json's fields (docs/formats.md) with sizes, confusion and the figures of each class; freed by
 * spica_text_free. */
SPICA_API spica_status spica_evaluate(spica_context *context, const char *path, const char *data, const char *labels,
                                      const spica_options *options, const char *confusion, spica_quality *quality,
                                      char **json);

/* Whether path is something that spica_compare takes: a run folder, or a CSV file with columns path and cluster. */
SPICA_API int spica_is_clustering(spica_context *context, const char *path);

/* How far two clusterings agree, each a run folder or a CSV file path,cluster, joined on path; no labels are read. The
 * second stands in the place of the classes: quality's scores (acc: the best one-to-one matching) are of the pictures
 * in both, its clusters those of the first. SPICA_ERROR_DATA: a path stands twice in one of them, or none in both.
 * confusion (may be NULL): a CSV file to be written, a row per cluster of the first and a column per cluster of the
 * second. *json (may be NULL): the agreement (docs/formats.md); freed by spica_text_free. */
SPICA_API spica_status spica_compare(spica_context *context, const char *first, const char *second,
                                     const char *confusion, spica_quality *quality, char **json);

/* What a run's features know, asked with labels (SPICE's Table VI), before joint training and after it: the accuracy of
 * a linear classifier that learns from four fifths of the labelled pictures on the last fifth, and of a vote among the
 * 20 nearest neighbours over all. run: a run folder; data: NULL for the run's own pictures, which are read under the
 * run's own options, else other pictures; labels: NULL, or as --labels; options may be NULL. *json (docs/formats.md):
 * freed by spica_text_free. Errors: SPICA_ERROR_RUN, SPICA_ERROR_DATA where fewer than 5 pictures have a label. */
SPICA_API spica_status spica_probe(spica_context *context, const char *run, const char *data, const char *labels,
                                   const spica_options *options, char **json);

/* Writes the L2-normalised embeddings of the pictures of `data`, N x D float32, to a .npy file. model: a run folder or
 * a weights file. *count and *dimension (may be NULL): N and D. */
SPICA_API spica_status spica_embed(spica_context *context, const char *model, const char *data,
                                   const spica_options *options, const char *output, size_t *count, size_t *dimension);

/* How spica_report writes. Zeroed means: all defaults. */
typedef struct spica_report_settings {
    const char *data;  /* where the run's pictures are now; NULL: where they were */
    size_t map_points; /* most pictures on the map, which takes most of the time; 0: 10,000 */
} spica_report_settings;

/* Writes RUN/report.html, one file that opens from disk without a network and shows a finished run: its clusters, their
 * pictures, a map of them and how training went; and its plots as RUN/plots/NAME.svg (docs/report.md). Where the
 * pictures are gone, or others, the report is made without them and the log says so. settings may be NULL; options:
 * run.threads counts; may be NULL. Errors: SPICA_ERROR_RUN where the run is not finished, SPICA_ERROR_IO. */
SPICA_API spica_status spica_report(spica_context *context, const char *run, const spica_report_settings *settings,
                                    const spica_options *options);

/* What a data set, run folder or weights file is, as JSON (docs/formats.md); *json freed by spica_text_free. Of a data
 * set it tells what spica_cluster would make of it too: options (may be NULL) are the same, without run.clusters. */
SPICA_API spica_status spica_inspect(spica_context *context, const char *path, const spica_options *options,
                                     char **json);

/* How spica_export writes. Zeroed means: all defaults. */
typedef struct spica_export_settings {
    const char *link; /* folders: "copy" (also NULL), "symlink" or "hardlink" */
    const char *data; /* where the run's pictures are now; NULL: where they were */
    int dry_run;      /* nothing is written */
    /* folders: told of every file before it is written, or that would be; nonzero stops the work (SPICA_CANCELLED).
     * path: as in clusters.csv; target: relative to the target folder. Valid during the call only. */
    int (*file)(void *user, const char *path, const char *target);
    void *user;
} spica_export_settings;

/* Writes a run's clusters in another form, with the names of clusters-names.csv (docs/formats.md): "folders" of
 * pictures by cluster, the surest first, where pictures that are no files of their own become PNG files; or one file,
 * "csv", "json", "labelstudio" (tasks with predictions) or "coco". Nothing is overwritten: the target is a folder that
 * is empty or not there, or a file that is not there. Whatever pictures and clusters are called, nothing is written
 * elsewhere.
 *
 * settings may be NULL; options: data.* that were set count above the run's own, and run.threads; may be NULL. *json
 * (may be NULL): `format`, `pictures` and `groups`, each with `name`, `folder`, `pictures` and `clusters`; freed by
 * spica_text_free. Errors: SPICA_ERROR_OPTION, SPICA_ERROR_RUN where the run is not finished or the pictures are
 * others, SPICA_ERROR_DATA where pictures are gone or names are wrong, SPICA_ERROR_IO. */
SPICA_API spica_status spica_export(spica_context *context, const char *run, const char *format, const char *target,
                                    const spica_export_settings *settings, const spica_options *options, char **json);

/* Pictures that are files are decoded once and kept in $XDG_CACHE_HOME/spica, else ~/.cache/spica (docs/formats.md).
 * What is there as JSON: `folder`, `bytes`, and `files`, each with `file`, `bytes`, `used` (seconds since 1970),
 * `whole`, `pictures`, `height`, `width`, `channels`, the one used longest ago first; *json freed by spica_text_free.
 */
SPICA_API spica_status spica_cache_describe(spica_context *context, char **json);

/* Removes what is kept. files, bytes (may be NULL): how much that was. Runs that use it go on. */
SPICA_API spica_status spica_cache_clear(spica_context *context, size_t *files, uint64_t *bytes);

/* ---- A trained model in another program ---- */

typedef struct spica_model spica_model;

/* Opens a run folder's model or a weights file; closed by spica_model_close before the context. */
SPICA_API spica_status spica_model_open(spica_context *context, spica_model **model, const char *path);
SPICA_API void spica_model_close(spica_context *context, spica_model **model);
SPICA_API int32_t spica_model_clusters(const spica_model *model);  /* K; 0 when the file has no clustering head */
SPICA_API int32_t spica_model_dimension(const spica_model *model); /* D */

/* pixels: count pictures of height x width x channels bytes, row by row, channels interleaved (1 grey or 3 RGB). They
 * are resized and converted as the model needs. clusters[count]; confidences[count], probabilities[count x K] and
 * embeddings[count x D] (L2-normalised) may be NULL. */
SPICA_API spica_status spica_model_assign(spica_context *context, spica_model *model, const uint8_t *pixels,
                                          size_t count, int height, int width, int channels, int32_t *clusters,
                                          float *confidences, float *probabilities, float *embeddings);

#ifdef __cplusplus
}
#endif

#endif
