#include "run/stage_settings.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "run/corrections.h"

/* The options that begin with "prefix.". */
typedef struct Section {
    const Options *options;
    const char *prefix;
} Section;

typedef struct Key {
    char text[96];
} Key;

static Key section_key(Section section, const char *name) {
    Key key;
    snprintf(key.text, sizeof key.text, "%s.%s", section.prefix, name);
    return key;
}

static float section_real(Section section, const char *name) {
    return (float)options_real(section.options, section_key(section, name).text);
}

static int section_integer(Section section, const char *name) {
    return (int)options_integer(section.options, section_key(section, name).text);
}

static size_t section_size(Section section, const char *name) {
    return (size_t)options_integer(section.options, section_key(section, name).text);
}

static bool section_boolean(Section section, const char *name) {
    return options_boolean(section.options, section_key(section, name).text);
}

static const char *section_text(Section section, const char *name) {
    return options_text(section.options, section_key(section, name).text);
}

static void section_numbers(Section section, const char *name, float values[3]) {
    double numbers[3];
    options_numbers(section.options, section_key(section, name).text, numbers);
    for (int c = 0; c < 3; c++)
        values[c] = (float)numbers[c];
}

/* The place of `text` among names[count]; the option table has checked that it is there. */
static int choice_index(const char *text, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        if (strcmp(text, names[i]) == 0) return i;
    return 0;
}

static bool choice_is(Section section, const char *name, const char *choice) {
    return strcmp(section_text(section, name), choice) == 0;
}

/* torchvision's ImageNet figures, which the SPICE program uses on every data set in its first two stages. */
static const Scaling imagenet_scaling = {{0.485f, 0.456f, 0.406f}, {0.229f, 0.224f, 0.225f}};

Status settings_scaling(Context *ctx, const Options *options, const char *stage, const Dataset *dataset,
                        const Scaling *earlier, Scaling *scaling) {
    const Section section = {options, stage};
    /* Channels that the pictures do not have are written to weights files too. */
    *scaling = (Scaling){.deviation = {1.0f, 1.0f, 1.0f}};
    if (dataset_has_embeddings(dataset)) {
        /* No option names the scale of somebody's embeddings. */
        dataset_statistics(dataset, scaling->mean, scaling->deviation);
    } else if (choice_is(section, "normalisation", "same")) {
        if (earlier == NULL)
            return context_fail(ctx, SPICA_ERROR_INTERNAL, "%s.normalisation = same without an earlier stage", stage);
        *scaling = *earlier;
    } else if (choice_is(section, "normalisation", "imagenet")) {
        *scaling = imagenet_scaling;
        if (dataset->channels == 1) {
            /* Grey pictures: the mean of the three channels' figures. */
            scaling->mean[0] = 0.449f;
            scaling->deviation[0] = 0.226f;
        }
    } else if (choice_is(section, "normalisation", "given")) {
        section_numbers(section, "mean", scaling->mean);
        section_numbers(section, "deviation", scaling->deviation);
    } else {
        dataset_statistics(dataset, scaling->mean, scaling->deviation);
    }
    return SPICA_OK;
}

static const char *const stem_names[] = {"imagenet", "stl", "cifar", "small"};

Status settings_model(Context *ctx, const Options *options, const char *stage, const Dataset *dataset,
                      const Scaling *scaling, ModelSpec *spec) {
    Section section = {options, stage};
    const bool embeddings = dataset_has_embeddings(dataset);
    const int size = embeddings ? 0 : (int)options_integer(options, "data.size");
    *spec = (ModelSpec){
        .backbone = {.family = BACKBONE_NONE},
        .channels = dataset->channels,
        .height = size > 0 ? size : dataset->height,
        .width = size > 0 ? size : dataset->width,
        .direct_convolutions = strcmp(options_text(options, "run.convolutions"), "direct") == 0,
    };
    memcpy(spec->mean, scaling->mean, sizeof spec->mean);
    memcpy(spec->deviation, scaling->deviation, sizeof spec->deviation);
    if (embeddings) return SPICA_OK;
    if (choice_is(section, "backbone", "same")) section.prefix = "features";
    spec->backbone = (BackboneSpec){
        .stem = (BackboneStem)choice_index(section_text(section, "stem"), stem_names, 4),
        .width = section_integer(section, "width"),
        .relu_slope = section_real(section, "relu_slope"),
        .bn_momentum = section_real(section, "bn_momentum"),
        .dropout = section_real(section, "dropout"),
    };
    TRY(backbone_parse(ctx, section_text(section, "backbone"), &spec->backbone));
    if (spec->backbone.family != BACKBONE_NONE) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_OPTION, "%s.backbone = none: that is for embeddings, pictures need a network",
                        section.prefix);
}

static const char *const policy_names[] = {"none", "weak", "strong", "moco", "pica"};

/* The view that the options under `prefix` describe, for a network of `model`'s input. */
static Policy section_policy(const Options *options, const char *prefix, const Dataset *dataset,
                             const ModelSpec *model) {
    const Section view = {options, prefix};
    const PolicyKind kind = (PolicyKind)choice_index(section_text(view, "policy"), policy_names, 5);
    Policy policy = policy_default(kind, dataset->channels);
    float hole[3], uncovered[3];
    policy.size = model->height == dataset->height && model->width == dataset->width ? 0 : model->height;
    policy.sobel = model->sobel;
    policy.scale_min = section_real(view, "scale_min");
    policy.scale_max = section_real(view, "scale_max");
    policy.ratio_min = section_real(view, "ratio_min");
    policy.ratio_max = section_real(view, "ratio_max");
    policy.brightness = section_real(view, "brightness");
    policy.contrast = section_real(view, "contrast");
    policy.saturation = section_real(view, "saturation");
    policy.hue = section_real(view, "hue");
    policy.jitter_probability = section_real(view, "jitter_probability");
    policy.grey_probability = section_real(view, "grey_probability");
    policy.blur_probability = section_real(view, "blur_probability");
    policy.blur_sigma_min = section_real(view, "blur_sigma_min");
    policy.blur_sigma_max = section_real(view, "blur_sigma_max");
    policy.flip_probability = section_real(view, "flip_probability");
    policy.pad = section_real(view, "pad");
    policy.pad_reflect = section_boolean(view, "pad_reflect");
    policy.operations = section_integer(view, "operations");
    policy.affine_shift = section_real(view, "affine_shift");
    policy.cutout = section_real(view, "cutout");
    policy.cutout_fixed = section_boolean(view, "cutout_fixed");
    policy.crop_last = section_boolean(view, "crop_last");
    section_numbers(view, "cutout_fill", hole);
    section_numbers(view, "uncovered_fill", uncovered);
    for (int c = 0; c < 3; c++) {
        policy.cutout_fill[c] = (uint8_t)lrintf(hole[c]);
        policy.uncovered_fill[c] = (uint8_t)lrintf(uncovered[c]);
        policy.mean[c] = model->mean[c];
        policy.deviation[c] = model->deviation[c];
    }
    return policy;
}

static OptimiserSettings section_optimiser(const Options *options, const char *stage) {
    const Section section = {options, stage};
    return (OptimiserSettings){
        .kind = choice_is(section, "optimiser", "adam") ? OPTIMISER_ADAM : OPTIMISER_SGD,
        .decay_rule = choice_is(section, "decay_rule", "all") ? DECAY_ALL : DECAY_ALL_BUT_NORMS,
        .weight_decay = section_real(section, "weight_decay"),
        .momentum = section_real(section, "sgd_momentum"),
        .nesterov = section_boolean(section, "nesterov"),
        .beta1 = section_real(section, "adam_beta1"),
        .beta2 = section_real(section, "adam_beta2"),
        .epsilon = section_real(section, "adam_epsilon"),
    };
}

static InitRule section_init(const Options *options, const char *stage) {
    static const char *const names[] = {"default", "gaussian", "xavier", "kaiming"};
    const Section section = {options, stage};
    return (InitRule)choice_index(section_text(section, "initialisation"), names, 4);
}

static ScheduleKind section_schedule(Section section) {
    static const char *const names[] = {"constant", "cosine", "step"};
    return (ScheduleKind)choice_index(section_text(section, "schedule"), names, 3);
}

Status settings_moco(Context *ctx, const Options *options, const Dataset *dataset, size_t pictures,
                     const ModelSpec *model, MocoSettings *settings) {
    const Section section = {options, "features"};
    *settings = (MocoSettings){
        .model = *model,
        .batch = section_size(section, "batch"),
        .queue = section_size(section, "queue"),
        .temperature = section_real(section, "temperature"),
        .momentum = section_real(section, "key_momentum"),
        .ema_warmup = section_boolean(section, "ema_warmup"),
        .queue_keys = choice_is(section, "queue_start", "keys"),
        .neighbours = section_real(section, "neighbours"),
        .bn_groups = section_integer(section, "bn_groups"),
        .symmetric = section_boolean(section, "symmetric"),
        .optimiser = section_optimiser(options, "features"),
        .learning_rate = section_real(section, "learning_rate"),
        .schedule = section_schedule(section),
        .step_schedule = choice_is(section, "schedule_by", "step"),
        .init = section_init(options, "features"),
        .policy = section_policy(options, "features.augment", dataset, model),
        .seed = (uint64_t)options_integer(options, "run.seed"),
    };
    settings->model.projection = section_integer(section, "projection");
    settings->model.projection_hidden = section_integer(section, "projection_hidden");
    settings->model.projection_norm = section_boolean(section, "projection_norm");
    const double epochs = options_real(options, "features.epochs");
    settings->steps = llround(epochs * (double)moco_steps_per_epoch(settings, pictures));
    if (settings->steps < 1 && epochs > 0.0) settings->steps = 1;
    Corrections corrections;
    TRY(corrections_read(ctx, options_text(options, "features.corrections"), &corrections));
    if (corrections.count > 0) settings->schedule_steps = corrections.items[0].steps;
    moco_settings_clip(ctx, settings, pictures);
    return SPICA_OK;
}

static const char *const loss_names[] = {"plain", "temperature", "double-softmax"};

/* The untouched picture as a network of `model`'s input reads it. */
static Policy plain_policy(const Dataset *dataset, const ModelSpec *model) {
    Policy policy = policy_default(POLICY_NONE, dataset->channels);
    policy.size = model->height == dataset->height && model->width == dataset->width ? 0 : model->height;
    memcpy(policy.mean, model->mean, sizeof model->mean);
    memcpy(policy.deviation, model->deviation, sizeof model->deviation);
    return policy;
}

Status settings_head(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *model,
                     HeadSettings *settings) {
    const Section section = {options, "head"};
    *settings = (HeadSettings){
        .clusters = (size_t)options_integer(options, "run.clusters"),
        .hidden = section_integer(section, "hidden"),
        .count = section_integer(section, "count"),
        .epochs = llround(options_real(options, "head.epochs")),
        .estep = section_size(section, "estep"),
        .batch = section_size(section, "batch"),
        .passes = section_integer(section, "passes"),
        .confident_ratio = options_real(options, "head.confident_ratio"),
        .overlap = section_boolean(section, "overlap"),
        .loss = (CrossEntropyKind)choice_index(section_text(section, "loss"), loss_names, 3),
        .temperature = section_real(section, "temperature"),
        .entropy_weight = section_real(section, "entropy_weight"),
        .train_bn = choice_is(section, "bn", "train"),
        .train_backbone = section_boolean(section, "train_backbone"),
        .bank = section_integer(section, "bank"),
        .optimiser = section_optimiser(options, "head"),
        .learning_rate = section_real(section, "learning_rate"),
        .weak = section_policy(options, "head.weak", dataset, model),
        .strong = section_policy(options, "head.strong", dataset, model),
        .plain = plain_policy(dataset, model),
        .seed = (uint64_t)options_integer(options, "run.seed"),
        .inference_batch = (size_t)options_integer(options, "run.inference_batch"),
    };
    if (settings->epochs < 1) settings->epochs = 1;
    if (dataset_has_embeddings(dataset)) {
        settings->train_bn = false;
        settings->train_backbone = false;
        settings->bank = 0;
    }
    head_settings_clip(ctx, settings, dataset->count);
    return SPICA_OK;
}

Status settings_reliable(Context *ctx, const Options *options, size_t count, ReliableSettings *settings) {
    const Section section = {options, "reliable"};
    *settings = (ReliableSettings){
        .clusters = (size_t)options_integer(options, "run.clusters"),
        .neighbours = section_size(section, "neighbours"),
        .consistency = options_real(options, "reliable.consistency"),
        .inclusive = section_boolean(section, "inclusive"),
        .confidence = options_real(options, "reliable.confidence"),
        .balanced = section_boolean(section, "balanced"),
        .minimum = section_size(section, "minimum"),
        .seed = (uint64_t)options_integer(options, "run.seed"),
    };
    reliable_settings_clip(ctx, settings, count);
    return SPICA_OK;
}

Status settings_spread(Context *ctx, const Options *options, size_t count, size_t classes, SpreadSettings *settings) {
    *settings = (SpreadSettings){
        .classes = classes,
        .clusters = (size_t)options_integer(options, "run.clusters"),
        .neighbours = (size_t)options_integer(options, "semi.neighbours"),
        .seed = (uint64_t)options_integer(options, "run.seed"),
    };
    return settings_reliable(ctx, options, count, &settings->reliable);
}

void settings_labelled_head(const Options *options, int dimension, LabelledHeadSettings *settings) {
    const Section section = {options, "head"};
    *settings = (LabelledHeadSettings){
        .clusters = (size_t)options_integer(options, "run.clusters"),
        .hidden = section_size(section, "hidden"),
        .epochs = options_integer(options, "head.epochs"),
        .batch = section_size(section, "batch"),
        .optimiser = section_optimiser(options, "head"),
        .learning_rate = section_real(section, "learning_rate"),
        .seed = (uint64_t)options_integer(options, "run.seed"),
    };
    if (settings->hidden == 0) settings->hidden = (size_t)dimension;
}

/* The features' backbone with a linear head. */
static ModelSpec scan_model_spec(const Options *options, const ModelSpec *model) {
    ModelSpec spec = *model;
    spec.head_linear = 1;
    spec.clusters = (int)options_integer(options, "run.clusters");
    return spec;
}

Status settings_scan(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *model,
                     ScanSettings *settings) {
    const Section section = {options, "scan"};
    *settings = (ScanSettings){
        .model = scan_model_spec(options, model),
        .epochs = options_real(options, "scan.epochs"),
        .batch = section_size(section, "batch"),
        .entropy_weight = section_real(section, "entropy_weight"),
        .optimiser = section_optimiser(options, "scan"),
        .learning_rate = section_real(section, "learning_rate"),
        .strong = section_policy(options, "scan.strong", dataset, model),
        .seed = (uint64_t)options_integer(options, "run.seed"),
    };
    scan_settings_clip(ctx, settings, dataset->count);
    return SPICA_OK;
}

Status settings_self_label(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *model,
                           SelfLabelSettings *settings) {
    const Section section = {options, "self_label"};
    *settings = (SelfLabelSettings){
        .model = scan_model_spec(options, model),
        .epochs = options_real(options, "self_label.epochs"),
        .batch = section_size(section, "batch"),
        .threshold = section_real(section, "threshold"),
        .balanced = section_boolean(section, "balanced"),
        .optimiser = section_optimiser(options, "self_label"),
        .learning_rate = section_real(section, "learning_rate"),
        .plain = plain_policy(dataset, model),
        .strong = section_policy(options, "scan.strong", dataset, model),
        .seed = (uint64_t)options_integer(options, "run.seed"),
    };
    self_label_settings_clip(ctx, settings, dataset->count);
    return SPICA_OK;
}

Status settings_joint(Context *ctx, const Options *options, const Dataset *dataset, const ModelSpec *model,
                      JointSettings *settings) {
    const Section section = {options, "joint"};
    *settings = (JointSettings){
        .model = *model,
        .steps = options_integer(options, "joint.steps"),
        .schedule_steps = options_integer(options, "joint.schedule_steps"),
        .batch = section_size(section, "batch"),
        .ratio = section_integer(section, "ratio"),
        .threshold = section_real(section, "threshold"),
        .unlabelled_weight = section_real(section, "unlabelled_weight"),
        .one_forward = section_boolean(section, "one_forward"),
        .bn_groups = section_integer(section, "bn_groups"),
        .ema = section_real(section, "ema"),
        .ema_warmup = section_boolean(section, "ema_warmup"),
        .optimiser = section_optimiser(options, "joint"),
        .learning_rate = section_real(section, "learning_rate"),
        .init = section_init(options, "joint"),
        .weak = section_policy(options, "joint.weak", dataset, model),
        .strong = section_policy(options, "joint.strong", dataset, model),
        .seed = (uint64_t)options_integer(options, "run.seed"),
    };
    settings->model.clusters = (int)options_integer(options, "run.clusters");
    settings->model.head_hidden = (int)options_integer(options, "head.hidden");
    joint_settings_clip(ctx, settings, dataset->count);
    return SPICA_OK;
}

/* The network's input: the pictures, or their Sobel filters. */
static Status settings_pica_model(Context *ctx, const Options *options, const Dataset *dataset, ModelSpec *model) {
    Scaling scaling;
    TRY(settings_scaling(ctx, options, "pica", dataset, NULL, &scaling));
    TRY(settings_model(ctx, options, "pica", dataset, &scaling, model));
    model->enlarge = (float)options_real(options, "pica.enlarge");
    model->head_linear = 1;
    model->clusters = (int)options_integer(options, "run.clusters");
    model->overclusters = (int)options_integer(options, "pica.overclusters");
    if (!options_boolean(options, "pica.sobel")) return SPICA_OK;
    model->sobel = 1;
    model->channels = 2;
    /* A model of grey pictures may be asked about RGB ones, whose channels it averages. */
    for (int c = dataset->channels; c < 3; c++) {
        model->mean[c] = model->mean[0];
        model->deviation[c] = model->deviation[0];
    }
    return SPICA_OK;
}

/* The untouched picture or, where pictures are enlarged, a random crop of the full size. */
static Policy original_policy(const Policy *perturbed, const ModelSpec *model, const Dataset *dataset) {
    Policy policy = policy_default(model->enlarge > 1.0f ? POLICY_WEAK : POLICY_NONE, dataset->channels);
    policy.size = perturbed->size;
    policy.sobel = perturbed->sobel;
    policy.enlarge = model->enlarge;
    policy.flip_probability = 0.0f;
    policy.pad = 0.0f;
    memcpy(policy.mean, perturbed->mean, sizeof policy.mean);
    memcpy(policy.deviation, perturbed->deviation, sizeof policy.deviation);
    return policy;
}

Status settings_pica(Context *ctx, const Options *options, const Dataset *dataset, PicaSettings *settings) {
    const Section section = {options, "pica"};
    *settings = (PicaSettings){
        .epochs = options_real(options, "pica.epochs"),
        .turn = options_real(options, "pica.turn"),
        .together = options_boolean(options, "pica.together"),
        .batch = section_size(section, "batch"),
        .repeats = section_integer(section, "repeats"),
        .entropy_weight = section_real(section, "entropy_weight"),
        .optimiser = section_optimiser(options, "pica"),
        .learning_rate = section_real(section, "learning_rate"),
        .init = section_init(options, "pica"),
        .seed = (uint64_t)options_integer(options, "run.seed"),
    };
    TRY(settings_pica_model(ctx, options, dataset, &settings->model));
    settings->perturbed = section_policy(options, "pica.augment", dataset, &settings->model);
    settings->original = original_policy(&settings->perturbed, &settings->model, dataset);
    pica_settings_clip(ctx, settings, dataset->count);
    return SPICA_OK;
}

/* moco-kmeans is kmeans on another input. */
static PartitionKind partition_kind(const char *method) {
    static const char prefix[] = "moco-";
    PartitionKind kind = PARTITION_KMEANS;
    const size_t length = sizeof prefix - 1;
    partition_kind_find(strncmp(method, prefix, length) == 0 ? method + length : method, &kind);
    return kind;
}

PartitionSettings settings_partition(const Options *options) {
    const Section section = {options, "partition"};
    return (PartitionSettings){
        .kind = partition_kind(options_text(options, "run.method")),
        .clusters = (size_t)options_integer(options, "run.clusters"),
        .starts = section_integer(section, "starts"),
        .iterations = section_integer(section, "iterations"),
        .tolerance = options_real(options, "partition.tolerance"),
        .neighbours = section_size(section, "neighbours"),
        .linkage = choice_is(section, "linkage", "average") ? LINKAGE_AVERAGE : LINKAGE_WARD,
        .floor = options_real(options, "partition.variance_floor"),
        .seed = (uint64_t)options_integer(options, "run.seed"),
    };
}
