/* Times training steps and inference of a ResNet-18 for bench_torch_resnet.py, which alternates it with PyTorch: reads
 * one command per line from stdin ("train" or "infer"), does `steps` of it and prints the seconds and the processor
 * seconds that one took.
 *
 *     net_speed WIDTH BATCH SIDE CHANNELS STEM(cifar|small) THREADS STEPS [profile]
 *
 * train: forward with batch statistics, backward and an SGD-momentum update, Linear(D,128) on top; infer: forward with
 * running statistics. With "profile" the commands also print where the time went. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/random.h"
#include "nn/backbone.h"
#include "nn/init.h"
#include "nn/optimiser.h"
#include "nn/plan_steps.h"

typedef struct Bench {
    Context *ctx;
    Net *net;
    Plan *train, *infer;
    Optimiser optimiser;
    float *input, *d_output;
    int steps;
    bool profile;
} Bench;

static Status bench_open(Bench *bench, const BackboneSpec *spec, int batch, int side, int channels) {
    Context *ctx = bench->ctx;
    ValueId features, logits;
    TRY(net_open(ctx, &bench->net, channels, side, side));
    TRY(backbone_build(ctx, bench->net, spec, "", &features, NULL));
    TRY(net_linear(ctx, bench->net, features, "fc", 128, &logits));
    TRY(net_finish(ctx, bench->net));
    init_params(net_params(bench->net), INIT_DEFAULT, 1, RANDOM_INIT_BACKBONE);
    PlanSettings settings = {
        .kind = PLAN_TRAIN, .batch = (size_t)batch, .outputs = {logits}, .output_count = 1, .update_running = true};
    TRY(plan_open(ctx, &bench->train, bench->net, &settings));
    settings.kind = PLAN_INFER;
    TRY(plan_open(ctx, &bench->infer, bench->net, &settings));
    const OptimiserSettings sgd = {.kind = OPTIMISER_SGD, .momentum = 0.9F, .weight_decay = 1e-4F};
    TRY(optimiser_open(ctx, &bench->optimiser, &sgd, net_params(bench->net)));
    const size_t count = (size_t)(batch * side * side * channels);
    TRY(NEW_ARRAY(ctx, &bench->input, count));
    TRY(NEW_ARRAY(ctx, &bench->d_output, (size_t)batch * 128));
    Random random = random_at(1, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < count; i++)
        bench->input[i] = random_normal(&random);
    for (size_t i = 0; i < (size_t)batch * 128; i++)
        bench->d_output[i] = 0.001F * random_normal(&random);
    return SPICA_OK;
}

static Status train_step(Bench *bench) {
    const float *const d_outputs[] = {bench->d_output};
    TRY(plan_forward(bench->ctx, bench->train, bench->input));
    TRY(plan_backward(bench->ctx, bench->train, d_outputs));
    optimiser_step(bench->ctx, &bench->optimiser, net_params(bench->net), 1e-4F);
    return SPICA_OK;
}

/* Milliseconds per call of every step. */
static void print_profile(const Plan *plan, int calls) {
    double total = 0.0;
    for (int i = 0; i < plan->step_count; i++) {
        const Step *step = &plan->steps[i];
        const Node *node = net_node(plan->net, step->node);
        const char *name = node->weight >= 0 ? plan->net->params.table[node->weight].name : "";
        const Segment *segment = plan->segments;
        while (segment->last < i)
            segment++;
        const char *kernel = "";
        if (step->run == step_conv || step->run == step_weight_gradient)
            kernel = conv_kernel_name(*conv_step_kernel(plan->convs, step));
        fprintf(stderr, "%8.3f ms  %-22s %-32s %4dx%-3d slices %zu%s %s\n", plan->profile[i] / calls * 1e3, step->name,
                name, node->channels, node->height, segment->slices, segment->parallel ? " parallel" : "", kernel);
        total += plan->profile[i] / calls;
    }
    fprintf(stderr, "%8.3f ms in all, arena %.1f MB\n", total * 1e3, (double)plan_bytes(plan) / 1e6);
}

static Status run_command(Bench *bench, bool train) {
    Plan *plan = train ? bench->train : bench->infer;
    if (bench->profile) TRY(plan_profile(bench->ctx, plan, true));
    const double start = clock_seconds();
    const clock_t processor = clock();
    for (int i = 0; i < bench->steps; i++) {
        if (train)
            TRY(train_step(bench));
        else
            TRY(plan_forward(bench->ctx, bench->infer, bench->input));
    }
    printf("%.9f %.9f\n", (clock_seconds() - start) / bench->steps,
           (double)(clock() - processor) / CLOCKS_PER_SEC / bench->steps);
    fflush(stdout);
    if (bench->profile) print_profile(plan, bench->steps);
    return SPICA_OK;
}

int main(int count, char **words) {
    if (count < 8) return 2;
    Bench bench = {.steps = atoi(words[7]), .profile = count > 8};
    if (spica_context_open(&bench.ctx, NULL) != SPICA_OK) return 1;
    bench.ctx->threads = atoi(words[6]);
    const BackboneSpec spec = {.family = BACKBONE_RESNET18,
                               .stem = strcmp(words[5], "small") == 0 ? STEM_SMALL : STEM_CIFAR,
                               .width = atoi(words[1]),
                               .bn_momentum = 0.1F};
    Status status = bench_open(&bench, &spec, atoi(words[2]), atoi(words[3]), atoi(words[4]));
    char line[32];
    while (status == SPICA_OK && fgets(line, sizeof line, stdin) != NULL)
        status = run_command(&bench, strncmp(line, "train", 5) == 0);
    if (status != SPICA_OK) fprintf(stderr, "%s\n", spica_context_reason(bench.ctx));
    optimiser_close(bench.ctx, &bench.optimiser);
    plan_close(bench.ctx, &bench.infer);
    plan_close(bench.ctx, &bench.train);
    net_close(bench.ctx, &bench.net);
    FREE_ARRAY(bench.ctx, &bench.input);
    FREE_ARRAY(bench.ctx, &bench.d_output);
    spica_context_close(&bench.ctx);
    return status == SPICA_OK ? 0 : 1;
}
