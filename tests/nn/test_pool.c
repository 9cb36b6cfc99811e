/* Max pooling in every layout beside a plain loop: the same values, places and gradients bit by bit, NaNs and
 * infinities among them. */
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "nn/kernels.h"
#include "support/testing.h"

#define BLOCKS ((size_t)2)
#define PICTURES ((size_t)3)
#define HEIGHT ((size_t)7)
#define WIDTH ((size_t)6)
#define LANES_MOST ((size_t)48)
#define IN_MOST (BLOCKS * PICTURES * HEIGHT * WIDTH * LANES_MOST)

typedef struct PoolCase {
    size_t kernel, stride, padding;
} PoolCase;

static const PoolCase cases[] = {{2, 2, 0}, {3, 2, 1}, {3, 1, 1}};

typedef struct PoolArrays {
    _Alignas(64) float in[IN_MOST], out[IN_MOST], gradient[IN_MOST], d_in[IN_MOST];
    uint8_t places[IN_MOST];
} PoolArrays;

static PoolTask open_task(const PoolCase *window, size_t lanes) {
    return (PoolTask){.blocks = BLOCKS,
                      .lanes = lanes,
                      .pictures = PICTURES,
                      .in_height = HEIGHT,
                      .in_width = WIDTH,
                      .out_height = (HEIGHT + 2 * window->padding - window->kernel) / window->stride + 1,
                      .out_width = (WIDTH + 2 * window->padding - window->kernel) / window->stride + 1,
                      .kernel = window->kernel,
                      .stride = window->stride,
                      .padding = window->padding};
}

/* Few distinct values, so that windows have equal largest ones, and among them those that compare strangely. */
static void fill(float *values, size_t count, uint32_t seed) {
    static const float strange[] = {NAN, -NAN, INFINITY, -INFINITY, 0.0F, -0.0F};
    Random random = random_at(seed, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < count; i++) {
        const uint32_t word = random_word(&random);
        values[i] = word % 16 < 6 ? strange[word % 16] : (float)(word >> 28) - 8.0F;
    }
}

/* Whether a window position lies in the picture; *pixel: which of its pixels it is. */
static bool window_pixel(const PoolTask *task, size_t y, size_t x, size_t place, size_t *pixel) {
    const long row = (long)(y * task->stride + place / task->kernel) - (long)task->padding;
    const long column = (long)(x * task->stride + place % task->kernel) - (long)task->padding;
    *pixel = (size_t)(row * (long)task->in_width + column);
    return row >= 0 && column >= 0 && row < (long)task->in_height && column < (long)task->in_width;
}

static void plain_pool(const PoolTask *task, const PoolArrays *given, PoolArrays *plain) {
    const size_t pixels = task->out_height * task->out_width, in_pixels = task->in_height * task->in_width;
    memset(plain->d_in, 0, sizeof plain->d_in);
    for (size_t i = 0; i < BLOCKS * PICTURES * pixels * task->lanes; i++) {
        const size_t lane = i % task->lanes, at = i / task->lanes % pixels, block = i / task->lanes / pixels;
        const float *in = given->in + block * in_pixels * task->lanes + lane;
        size_t best = 0, pixel = 0;
        bool any = false;
        for (size_t place = 0; place < task->kernel * task->kernel; place++) {
            if (!window_pixel(task, at / task->out_width, at % task->out_width, place, &pixel)) continue;
            const float value = in[pixel * task->lanes];
            if (any && !(value > plain->out[i]) && !isnan(value)) continue;
            plain->out[i] = value;
            best = place;
            any = true;
        }
        plain->places[i] = (uint8_t)best;
        window_pixel(task, at / task->out_width, at % task->out_width, best, &pixel);
        plain->d_in[(block * in_pixels + pixel) * task->lanes + lane] += given->gradient[i];
    }
}

static void check(const PoolCase *window, size_t lanes, int threads) {
    static PoolArrays arrays, plain;
    PoolTask task = open_task(window, lanes);
    const size_t outs = BLOCKS * PICTURES * task.out_height * task.out_width * lanes;
    fill(arrays.in, IN_MOST, 1);
    Random random = random_at(2, RANDOM_TEST, 0, 0, 0);
    for (size_t i = 0; i < outs; i++)
        arrays.gradient[i] = random_normal(&random);
    plain_pool(&task, &arrays, &plain);
    task.in = arrays.in, task.out = arrays.out, task.places = arrays.places;
    kernel_max_pool(&task, threads);
    assert_memory_equal(arrays.out, plain.out, outs * sizeof(float));
    assert_memory_equal(arrays.places, plain.places, outs);
    task.in = arrays.d_in, task.out = arrays.gradient;
    kernel_max_pool_backward(&task, threads);
    assert_memory_equal(arrays.d_in, plain.d_in, BLOCKS * PICTURES * HEIGHT * WIDTH * lanes * sizeof(float));
}

static void test_plain_loop(void **state) {
    static const size_t lanes[] = {1, 3, 8, 16, LANES_MOST};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t j = 0; j < sizeof lanes / sizeof lanes[0]; j++)
            for (int threads = 1; threads <= 3; threads += 2)
                check(&cases[i], lanes[j], threads);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain_loop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
