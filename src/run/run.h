/* A run: which stages, in what order, resumed from where.
 *
 * Floor plan of the room:
 *   run.h             this file: what the stages of one run share
 *   cluster_run.c     spica_cluster: data, recipe, plan, stages, results
 *   recipe_choice.h   the recipe of a run that names none
 *   stage_settings.h  options -> settings of each stage
 *   stage_rates.h     how fast each stage runs here; stage_guess.h: the same by arithmetic
 *   stage_keeper.h    checkpoints inside a stage
 *   disk_need.h       room on the disk, told before a run begins
 *   corrections.h     how a budget corrected the length of stage 1
 *   stage_plan.h      the estimate that is printed first, and --budget
 *   stage_features.c, stage_head.c, stage_joint.c   the stages of SPICE
 *   stage_known.c     known labels, in the place of SPICE's second stage
 *   stage_scan.c, stage_self_label.c   the stages of SCAN
 *   model_files.h     networks from and to files of the run folder
 *   head_records.h    every clustering head after every epoch; reliable_record.h: how right the reliable labels are
 *   stage_pica.c      the stage of PICA; pica_records.h: what it records for its plots
 *   stage_partition.h the classic algorithms' stage
 *   run_results.h     clusters.csv, probabilities.npy, metrics.json
 *   ablations.h       a paper's ablation tables as data; ablate_run.c runs them, ablation_results.h tells of them,
 *                     gradient_ratio.h writes a figure that belongs to one
 *   trials_run.h      the same run with several seeds; trial_results.h tells of them
 *   several_runs.h    what ablations and trials share
 *   quality.h         metrics of a clustering and their JSON; confusion_table.h: a matrix as CSV
 *   clustering_file.h a clustering that is read, of a run or a CSV file
 *   predict.h         a model's answers for a data set
 *   export_plan.h     a run's clusters with names and ranks, and where its pictures are; export_forms.h: what they
 *                     become, export_run.c the public function; cluster_names.h: what a person calls them
 *   assign_run.c, evaluate_run.c, probe_run.c, compare_run.c, inspect_run.c, model_api.c, options_api.c   the other
 * public functions
 */
#ifndef SPICA_RUN_RUN_H
#define SPICA_RUN_RUN_H

#include "config/method_stages.h"
#include "data/known_labels.h"
#include "run/stage_settings.h"
#include "state/run_folder.h"
#include "state/run_lock.h"
#include "state/run_stages.h"

typedef struct Run {
    Options options;
    Dataset dataset;
    RunFolder folder;
    RunLock lock;
    ModelSpec features; /* backbone of stages 1 and 2 */
    ModelSpec joint;    /* backbone of stage 3 */
    double started;     /* clock at the start of the command */
    Dataset auxiliary;  /* pictures for stage 1, or for PICA's over-clustering head, alone; count 0: none */
    double budget;      /* seconds of the whole command; 0: no budget, or its lengths are fixed already */
    double first_end;   /* with a budget: when stage 1 shall end, in seconds of the command */
    double lent;        /* with a budget: seconds of stage 3 that stage 1 may use up */
    double head_share;  /* with a budget: seconds that stage 2 may take */
    double ending;      /* with a budget: seconds to be left for what comes after stage 3 */
    double kept;        /* with a budget: of that, seconds kept for a stage behind the current one */
    KnownLabels known;  /* of some pictures, to learn from; count 0: none */
    int32_t *scored;    /* N: the data set's labels without those of known pictures, owned; NULL: all of them count */
    const char *donor;  /* a run folder whose stage 1 is taken over, of an ablation or features.from; NULL: none */
} Run;

/* spica_cluster, with a donor (may be NULL): a run folder of the same data, made by the same options under run, data
 * and features. Where its stage 1 is whole, that is taken over, and the stages have the lengths that they had there,
 * whatever the budget: the result is that of training stage 1 again. Else the donor does not count. */
Status run_cluster(Context *ctx, const spica_options *options, const char *data, const char *path, bool overwrite,
                   const char *donor, spica_quality *quality);

/* Opens the data set that the options under data.* describe. */
Status run_open_dataset(Context *ctx, const Options *options, const char *path, Dataset *dataset);

/* The auxiliary pictures of data.auxiliary, where it names any; of a data set with an unlabelled part that part. */
Status run_open_auxiliary(Context *ctx, const Options *options, Dataset *auxiliary);

/* The run's auxiliary pictures, NULL where there are none. */
const Dataset *run_auxiliary(const Run *run);

/* How many pictures stage 1 learns from. */
size_t run_feature_pictures(const Run *run);

/* The stages. Each reads what it needs from the run folder, does nothing when it is done already, and else writes its
 * files and records itself as done:
 * features: backbone.safetensors, embeddings.npy (N x D, L2-normalised), copied where there is a donor
 * head:     head.safetensors
 * joint:    reliable.npy, model.safetensors
 * known:    head.safetensors, reliable.npy
 * scan:     scan.safetensors
 * self_label: model.safetensors
 * pica:     model.safetensors, embeddings.npy and the records of pica_records.h
 * partition: partition.npy and, of an algorithm that assigns other pictures, partition.safetensors */
Status stage_features(Context *ctx, Run *run);
Status stage_head(Context *ctx, Run *run);
Status stage_joint(Context *ctx, Run *run);
Status stage_pica(Context *ctx, Run *run);
Status stage_partition(Context *ctx, Run *run);
Status stage_known(Context *ctx, Run *run);
Status stage_scan(Context *ctx, Run *run);
Status stage_self_label(Context *ctx, Run *run);

/* Where the method learns from known labels: reads them, sets run.clusters where nobody did, and makes run->scored.
 * Errors: those of known_labels_read; SPICA_ERROR_OPTION where there are fewer clusters than classes. */
Status run_settle_known(Context *ctx, Run *run);

/* Of the pictures with a label that were not known, the share in a cluster of that label's name; NaN where no
 * cluster has the name of a class. */
double run_named_accuracy(const Run *run, const int32_t *predicted);

/* N labels for evaluation, -1 for pictures without one and for known ones; NULL without labels. */
const int32_t *run_scored_labels(const Run *run);

/* reliable.npy, with reliable.mark where there is no label. */
Status run_write_reliable(Context *ctx, const Run *run, const int32_t *reliable);

/* *whole: path is the folder of a run whose stage 1 is done and its files are as they were then. */
Status stage_features_whole(Context *ctx, const char *path, bool *whole);

/* For scan-star: scan.safetensors is model.safetensors. */
Status stage_keep_scan(Context *ctx, Run *run);

/* For spice-self: model.safetensors from stages 1 and 2 as they are. */
Status stage_join_models(Context *ctx, Run *run);

/* Adds the metrics of predicted[N] to a stage's facts where the data set has labels. */
Status run_add_quality(Context *ctx, const Run *run, const int32_t *predicted, json_t *facts);

/* config.ini as the options are now. */
Status run_write_options(Context *ctx, const Run *run);

/* Steps between two lines of log.jsonl. */
#define STEP_LOG_INTERVAL 50

/* Figures of a step, at most. */
#define STEP_LOG_FIGURES 4

/* Loss and the like of training steps, averaged and written to log.jsonl now and then. */
typedef struct StepLog {
    const char *stage;
    const char *names[STEP_LOG_FIGURES]; /* of the figures; NULL where there are fewer */
    double sums[STEP_LOG_FIGURES];
    int64_t steps;
} StepLog;

/* One step's figures; at every interval's end their means become one line of the log. */
Status step_log_add(Context *ctx, const Run *run, StepLog *log, int64_t step, const double figures[STEP_LOG_FIGURES]);

/* Adds the figures that wait for their line to a state. */
Status step_log_state(Context *ctx, StepLog *log, StateParts *parts);

#endif
