/* Times augmentation on one thread for bench_augment.py, which alternates it with torchvision: reads one policy name
 * per line from stdin (none, weak, strong, moco, pica), makes one view of each picture of a file of raw bytes, and
 * prints pictures per second.
 *
 *     augment_speed BYTES COUNT SIDE CHANNELS
 *
 * In a build folder B:
 *     cc -O2 -D_POSIX_C_SOURCE=200809L -Iinclude -Isrc bench/augment_speed.c B/libspica_augment.a B/libspica_base.a \
 *        -fopenmp -lm -o augment_speed */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "augment/augment.h"
#include "base/log.h"

static const char *const NAMES[] = {"none", "weak", "strong", "moco", "pica"};

static void stop(const char *what) {
    fprintf(stderr, "augment_speed: %s\n", what);
    exit(1);
}

static void read_pictures(Dataset *dataset, const char *path) {
    const size_t bytes = dataset->count * (size_t)(dataset->height * dataset->width * dataset->channels);
    FILE *file = fopen(path, "rb");
    dataset->pixels = malloc(bytes);
    if (file == NULL || dataset->pixels == NULL || fread(dataset->pixels, 1, bytes, file) != bytes)
        stop("cannot read the pictures");
    fclose(file);
}

int main(int argc, char **argv) {
    if (argc != 5) stop("usage: augment_speed BYTES COUNT SIDE CHANNELS");
    Context *ctx;
    const spica_settings settings = {0};
    const int side = atoi(argv[3]), channels = atoi(argv[4]);
    Dataset dataset = {.count = (size_t)atoi(argv[2]), .height = side, .width = side, .channels = channels};
    if (dataset.count == 0 || side < 1 || channels < 1) stop("COUNT, SIDE and CHANNELS are positive");
    read_pictures(&dataset, argv[1]);
    int64_t *rows = malloc(dataset.count * sizeof *rows);
    float *output = malloc(dataset.count * (size_t)(side * side * 3) * sizeof *output);
    if (rows == NULL || output == NULL || spica_context_open(&ctx, &settings) != SPICA_OK) stop("out of memory");
    for (size_t i = 0; i < dataset.count; i++)
        rows[i] = (int64_t)i;
    ctx->threads = 1;
    char line[32];
    for (uint64_t step = 0; fgets(line, sizeof line, stdin) != NULL; step++) {
        line[strcspn(line, "\n")] = '\0';
        int kind = 0;
        while (kind < 5 && strcmp(line, NAMES[kind]) != 0)
            kind++;
        if (kind == 5) stop("no such policy");
        const Policy policy = policy_default((PolicyKind)kind, channels);
        const ViewKey key = {.purpose = RANDOM_TEST, .step = step};
        const double start = clock_seconds();
        if (augment_batch(ctx, &policy, &dataset, rows, dataset.count, key, output) != SPICA_OK) stop("no views");
        printf("%.1f\n", (double)dataset.count / (clock_seconds() - start));
        fflush(stdout);
    }
    free(output);
    free(rows);
    free(dataset.pixels);
    spica_context_close(&ctx);
    return 0;
}
