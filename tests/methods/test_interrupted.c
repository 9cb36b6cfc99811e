/* A training that is interrupted between any two steps goes on in a new trainer with the same bits. */
#include "methods/inference.h"
#include "methods/pica/pica.h"
#include "methods/spice/head.h"
#include "methods/spice/joint.h"
#include "methods/spice/moco.h"
#include "nn/init.h"
#include "support/kept_state.h"
#include "support/method_support.h"

#define COUNT 60
#define SIDE 16

/* What a trainer is opened on. */
typedef struct Scene {
    Dataset dataset;
    Model backbone;  /* of the heads */
    float *features; /* COUNT x D */
    int32_t reliable[COUNT];
    bool variant; /* of its settings */
} Scene;

/* One kind of trainer behind the same four functions. */
typedef struct Kind {
    Status (*open)(Context *ctx, void **trainer, Scene *scene);
    Status (*step)(Context *ctx, void *trainer);
    Status (*state)(Context *ctx, void *trainer, StateParts *parts);
    void (*close)(Context *ctx, void **trainer);
} Kind;

/* With dropout, whose masks depend on how many forwards a plan has made. */
static ModelSpec scene_model(void) {
    ModelSpec spec = small_model(16, SIDE, 3);
    spec.backbone = (BackboneSpec){
        .family = BACKBONE_WRN, .stem = STEM_SMALL, .depth = 10, .widen = 1, .bn_momentum = 0.1f, .dropout = 0.3f};
    return spec;
}

/* The pictures themselves in the place of their Sobel filters. */
static Policy unfiltered(Policy policy) {
    policy.sobel = 0;
    return policy;
}

/* ---- the kinds ---- */

static Status moco_kind_open(Context *ctx, void **trainer, Scene *scene) {
    MocoSettings settings = {.model = scene_model(),
                             .steps = 20,
                             .batch = 8,
                             .queue = 16,
                             .temperature = 0.2f,
                             .momentum = 0.9f,
                             .ema_warmup = true,
                             .queue_keys = true,
                             .neighbours = scene->variant ? 0.5f : 0.0f,
                             .bn_groups = scene->variant ? 1 : 2,
                             .symmetric = scene->variant,
                             .optimiser = {.kind = OPTIMISER_SGD, .momentum = 0.9f},
                             .learning_rate = 0.05f,
                             .schedule = SCHEDULE_COSINE,
                             .policy = small_policy(POLICY_MOCO, 3),
                             .seed = 11};
    settings.model.projection = 12;
    return moco_open(ctx, (MocoTrainer **)trainer, &settings, &scene->dataset, NULL);
}

static Status moco_kind_step(Context *ctx, void *trainer) {
    double loss, accuracy;
    return moco_step(ctx, trainer, &loss, &accuracy);
}

static Status moco_kind_state(Context *ctx, void *trainer, StateParts *parts) {
    return moco_state(ctx, trainer, parts);
}

static void moco_kind_close(Context *ctx, void **trainer) { moco_close(ctx, (MocoTrainer **)trainer); }

static Status head_kind_open(Context *ctx, void **trainer, Scene *scene) {
    const HeadSettings settings = {.clusters = 4,
                                   .count = 3,
                                   .epochs = 4,
                                   .estep = 20,
                                   .batch = 16,
                                   .passes = 2,
                                   .confident_ratio = 0.5,
                                   .overlap = true,
                                   .loss = CE_DOUBLE_SOFTMAX,
                                   .temperature = 1.0f,
                                   .train_bn = scene->variant,
                                   .bank = 2,
                                   .optimiser = {.kind = OPTIMISER_ADAM},
                                   .learning_rate = 0.005f,
                                   .weak = small_policy(POLICY_WEAK, 3),
                                   .strong = small_policy(POLICY_STRONG, 3),
                                   .plain = small_policy(POLICY_NONE, 3),
                                   .seed = 9,
                                   .inference_batch = 20};
    Params *params = net_params(scene->backbone.net);
    init_params(params, INIT_DEFAULT, 3, RANDOM_INIT_BACKBONE);
    params_changed(params);
    return head_open(ctx, (HeadTrainer **)trainer, &settings, &scene->dataset, &scene->backbone, scene->features);
}

static Status head_kind_step(Context *ctx, void *trainer) {
    const HeadScore *scores;
    return head_step(ctx, trainer, &scores);
}

static Status head_kind_state(Context *ctx, void *trainer, StateParts *parts) {
    return head_state(ctx, trainer, parts);
}

static void head_kind_close(Context *ctx, void **trainer) { head_close(ctx, (HeadTrainer **)trainer); }

static Status joint_kind_open(Context *ctx, void **trainer, Scene *scene) {
    JointSettings settings = {.model = scene_model(),
                              .steps = 20,
                              .batch = 4,
                              .ratio = 2,
                              .threshold = 0.3f,
                              .unlabelled_weight = 0.7f,
                              .one_forward = scene->variant,
                              .ema = 0.99f,
                              .ema_warmup = true,
                              .optimiser = {.kind = OPTIMISER_SGD, .momentum = 0.9f, .nesterov = true},
                              .learning_rate = 0.01f,
                              .weak = small_policy(POLICY_WEAK, 3),
                              .strong = small_policy(POLICY_STRONG, 3),
                              .seed = 2};
    settings.model.clusters = 4;
    return joint_open(ctx, (JointTrainer **)trainer, &settings, &scene->dataset, scene->reliable, NULL);
}

static Status joint_kind_step(Context *ctx, void *trainer) {
    JointStep report;
    return joint_step(ctx, trainer, &report);
}

static Status joint_kind_state(Context *ctx, void *trainer, StateParts *parts) {
    return joint_state(ctx, trainer, parts);
}

static void joint_kind_close(Context *ctx, void **trainer) { joint_close(ctx, (JointTrainer **)trainer); }

static Status pica_kind_open(Context *ctx, void **trainer, Scene *scene) {
    PicaSettings settings = {.model = scene_model(),
                             .epochs = 10.0,
                             .turn = 0.3,
                             .batch = 10,
                             .repeats = 2,
                             .entropy_weight = 2.0f,
                             .optimiser = {.kind = scene->variant ? OPTIMISER_SGD : OPTIMISER_ADAM},
                             .learning_rate = 1e-3f,
                             .original = small_policy(POLICY_NONE, 3),
                             .perturbed = unfiltered(small_policy(POLICY_PICA, 3)),
                             .seed = 5};
    settings.model.head_linear = 1;
    settings.model.clusters = 4;
    settings.model.overclusters = 8;
    return pica_open(ctx, (PicaTrainer **)trainer, &settings, &scene->dataset, NULL);
}

static Status pica_kind_step(Context *ctx, void *trainer) {
    PicaStep report;
    return pica_step(ctx, trainer, &report);
}

static Status pica_kind_state(Context *ctx, void *trainer, StateParts *parts) {
    return pica_state(ctx, trainer, parts);
}

static void pica_kind_close(Context *ctx, void **trainer) { pica_close(ctx, (PicaTrainer **)trainer); }

/* ---- the test ---- */

static void scene_open(Context *ctx, Scene *scene) {
    const ModelSpec spec = small_model(16, SIDE, 3);
    *scene = (Scene){.dataset = pictures_open(ctx, COUNT, SIDE, 3, 4)};
    TEST_OK(ctx, model_open(ctx, &scene->backbone, &spec));
    const size_t floats = COUNT * (size_t)scene->backbone.dimension;
    TEST_OK(ctx, NEW_ARRAY(ctx, &scene->features, floats));
    hash_fill(scene->features, floats, "features", 1.0f, 0.0f);
    for (int32_t i = 0; i < COUNT; i++)
        scene->reliable[i] = i % 3 == 2 ? -1 : i % 4;
}

static void scene_close(Context *ctx, Scene *scene) {
    pictures_close(ctx, &scene->dataset);
    model_close(ctx, &scene->backbone);
    FREE_ARRAY(ctx, &scene->features);
}

/* A trainer begun anew or from `start`, after so many steps: its state, by FREE_ARRAY. expected: that must be it, or
 * NULL. */
static char *train(Context *ctx, const Kind *kind, Scene *scene, const char *start, int steps, const char *expected) {
    void *trainer;
    StateParts parts = {0};
    TEST_OK(ctx, kind->open(ctx, &trainer, scene));
    TEST_OK(ctx, kind->state(ctx, trainer, &parts));
    if (start != NULL) state_restore(&parts, start);
    for (int i = 0; i < steps; i++)
        TEST_OK(ctx, kind->step(ctx, trainer));
    if (expected != NULL) assert_state(&parts, expected);
    char *end = state_copy(ctx, &parts);
    state_parts_close(ctx, &parts);
    kind->close(ctx, &trainer);
    return end;
}

static void check_kind(const Kind *kind) {
    enum { STEPS = 7 };
    static const int cuts[] = {1, 4};
    Context *ctx = test_context_open();
    Scene scene;
    scene_open(ctx, &scene);
    for (int variant = 0; variant < 2; variant++) {
        scene.variant = variant == 1;
        char *whole = train(ctx, kind, &scene, NULL, STEPS, NULL);
        for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
            char *kept = train(ctx, kind, &scene, NULL, cuts[i], NULL);
            char *end = train(ctx, kind, &scene, kept, STEPS - cuts[i], whole);
            FREE_ARRAY(ctx, &kept);
            FREE_ARRAY(ctx, &end);
        }
        FREE_ARRAY(ctx, &whole);
    }
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

static void test_moco(void **state) {
    (void)state;
    check_kind(&(Kind){moco_kind_open, moco_kind_step, moco_kind_state, moco_kind_close});
}

/* Steps 4 and 8 are judgements. */
static void test_head(void **state) {
    (void)state;
    check_kind(&(Kind){head_kind_open, head_kind_step, head_kind_state, head_kind_close});
}

static void test_joint(void **state) {
    (void)state;
    check_kind(&(Kind){joint_kind_open, joint_kind_step, joint_kind_state, joint_kind_close});
}

static void test_pica(void **state) {
    (void)state;
    check_kind(&(Kind){pica_kind_open, pica_kind_step, pica_kind_state, pica_kind_close});
}

/* A rate that no training survives: the layer is named, and nothing that is not finite would be kept. */
static void test_fault(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Scene scene;
    scene_open(ctx, &scene);
    PicaTrainer *trainer;
    PicaStep report;
    PicaSettings settings = {.model = small_model(16, SIDE, 3),
                             .epochs = 1.0,
                             .turn = 1.0,
                             .batch = 10,
                             .repeats = 1,
                             .optimiser = {.kind = OPTIMISER_SGD},
                             .learning_rate = 1e30f,
                             .original = small_policy(POLICY_NONE, 3),
                             .perturbed = unfiltered(small_policy(POLICY_PICA, 3))};
    settings.model.head_linear = 1;
    settings.model.clusters = 4;
    TEST_OK(ctx, pica_open(ctx, &trainer, &settings, &scene.dataset, NULL));
    TEST_OK(ctx, pica_step(ctx, trainer, &report));
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "not finite at step 1, first in the output of ",
               pica_step(ctx, trainer, &report));
    net_params(pica_model(trainer)->net)->values[0] = NAN;
    params_changed(net_params(pica_model(trainer)->net));
    TEST_FAILS(ctx, SPICA_ERROR_NUMERIC, "first in the weights conv1.weight", pica_step(ctx, trainer, &report));
    StateParts parts = {0};
    TEST_OK(ctx, pica_state(ctx, trainer, &parts));
    assert_string_equal(state_parts_not_finite(&parts)->name, "model.values");
    state_parts_close(ctx, &parts);
    pica_close(ctx, &trainer);
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_moco), cmocka_unit_test(test_head),
                                       cmocka_unit_test(test_joint), cmocka_unit_test(test_pica),
                                       cmocka_unit_test(test_fault)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
