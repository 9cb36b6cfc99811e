#include "run/disk_need.h"

#include <string.h>
#include <sys/statvfs.h>

#include "base/log.h"

/* A checkpoint holds a network's weights, those of its slow copy (MoCo's keys, a moving average) and the momentum.
 * While one is written there are two more. */
#define WEIGHTS_OF_STATE 3.0
#define CHECKPOINTS 3.0

/* Files of weights that a finished run has: backbone, head and model. */
#define WEIGHTS_FILES 2.0

/* A row of clusters.csv and the like, besides its path. */
#define ROW_BYTES 64.0

typedef struct NetworkSize {
    double weights; /* bytes */
    double dimension;
} NetworkSize;

static Status network_size(Context *ctx, const ModelSpec *spec, NetworkSize *size) {
    Model model = {0};
    const Status status = model_open(ctx, &model, spec);
    if (status == SPICA_OK) {
        const Params *params = net_params(model.net);
        *size = (NetworkSize){.weights = (double)((params->count + params->buffer_count) * sizeof(float)),
                              .dimension = (double)model.dimension};
    }
    model_close(ctx, &model);
    return status;
}

/* The largest network that the run trains or keeps. */
static Status largest_network(Context *ctx, const Run *run, NetworkSize *size) {
    PicaSettings pica;
    NetworkSize joint = {0};
    if (method_has_stage(&run->options, STAGE_PICA)) {
        const spica_settings spoken = log_silence(ctx);
        const Status status = settings_pica(ctx, &run->options, &run->dataset, &pica);
        log_speak(ctx, spoken);
        TRY(status);
        return network_size(ctx, &pica.model, size);
    }
    TRY(network_size(ctx, &run->features, size));
    if (!method_has_stage(&run->options, STAGE_JOINT)) return SPICA_OK;
    TRY(network_size(ctx, &run->joint, &joint));
    if (joint.weights > size->weights) size->weights = joint.weights;
    return SPICA_OK;
}

static double need_bytes(const Run *run, const NetworkSize *size) {
    const double pictures = (double)run->dataset.count;
    const double clusters = (double)options_integer(&run->options, "run.clusters");
    const double numbers = size->dimension + clusters; /* of embeddings.npy and probabilities.npy */
    double paths = 0.0;
    for (size_t i = 0; i < run->dataset.count; i++)
        paths += (double)strlen(run->dataset.paths[i]);
    return (CHECKPOINTS * WEIGHTS_OF_STATE + WEIGHTS_FILES) * size->weights +
           pictures * (numbers * sizeof(float) + ROW_BYTES) + paths;
}

Status disk_need_check(Context *ctx, const Run *run) {
    struct statvfs disk;
    NetworkSize size = {0};
    if (statvfs(run->folder.path, &disk) != 0) return SPICA_OK; /* nothing can be said */
    TRY(largest_network(ctx, run, &size));
    const double need = need_bytes(run, &size), left = (double)disk.f_bavail * (double)disk.f_frsize;
    if (need > left)
        return context_fail(ctx, SPICA_ERROR_IO, "%s: the run needs about %.0f MB on the disk, but %.0f MB are free",
                            run->folder.path, need / 1e6, left / 1e6);
    log_info(ctx, "room on the disk: about %.0f MB are needed, %.0f MB are free", need / 1e6, left / 1e6);
    return SPICA_OK;
}
