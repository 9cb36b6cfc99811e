/* What every test program shares: cmocka, a context that finds leaks, golden arrays, comparison, a scratch folder.
 *
 *     static void test_something(void **state) {
 *         Context *ctx = test_context_open();
 *         size_t count;
 *         float *expected = golden_float(ctx, "augment/blur.npy", &count);
 *         ...
 *         TEST_OK(ctx, augment_blur(ctx, ...));
 *         assert_close(actual, expected, count, 1e-6, 1e-5);
 *         FREE_ARRAY(ctx, &expected);
 *         test_context_close(&ctx);    // fails when a block of the context is still allocated
 *     }
 *     int main(void) {
 *         const struct CMUnitTest tests[] = {cmocka_unit_test(test_something)};
 *         return cmocka_run_group_tests(tests, NULL, NULL);
 *     }
 */
#ifndef SPICA_TESTS_SUPPORT_TESTING_H
#define SPICA_TESTS_SUPPORT_TESTING_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/context.h"
#include "base/files.h"
#include "base/memory.h"
#include "base/npy.h"

/* The user pointer of a test's context. */
typedef struct TestState {
    size_t live;         /* blocks allocated and not yet released, the context's own included */
    int64_t allocations; /* so far */
    int64_t fail_at;     /* the allocation with this number, counted from 0, fails; -1: none */
    int warnings;        /* log lines of level warning */
    char log[8192];      /* the log's lines, as far as they fit */
} TestState;

static inline void *test_allocate(void *user, size_t bytes, size_t alignment) {
    TestState *state = user;
    if (state->allocations++ == state->fail_at || bytes > SIZE_MAX - alignment) return NULL;
    void *block = aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
    if (block != NULL) state->live++;
    return block;
}

static inline void test_release(void *user, void *block) {
    ((TestState *)user)->live--;
    free(block);
}

static inline void test_log(void *user, spica_log_level level, const char *line) {
    TestState *state = user;
    if (level == SPICA_LOG_WARNING) state->warnings++;
    const size_t used = strlen(state->log);
    snprintf(state->log + used, sizeof state->log - used, "%s\n", line);
}

static inline TestState *test_state(Context *ctx) { return ctx->settings.user; }

/* A context with 2 threads whose allocator counts. */
static inline Context *test_context_open(void) {
    TestState *state = calloc(1, sizeof *state);
    assert_non_null(state);
    state->fail_at = -1;
    Context *ctx = NULL;
    const spica_settings settings = {
        .allocate = test_allocate, .release = test_release, .log = test_log, .user = state};
    assert_int_equal(spica_context_open(&ctx, &settings), SPICA_OK);
    ctx->threads = 2;
    return ctx;
}

/* Fails when blocks are still allocated. */
static inline void test_context_close(Context **ctx) {
    TestState *state = test_state(*ctx);
    spica_context_close(ctx);
    const size_t left = state->live;
    free(state);
    if (left != 0) fail_msg("%zu blocks were not freed", left);
}

/* The call must succeed; else the test fails with the recorded reason. */
#define TEST_OK(ctx, call)                                                                                             \
    do {                                                                                                               \
        const Status test_status_ = (call);                                                                            \
        if (test_status_ != SPICA_OK)                                                                                  \
            fail_msg("%s: %s: %s", #call, spica_status_text(test_status_), spica_context_reason(ctx));                 \
    } while (0)

/* The call must fail with this status and a one-line reason that holds `words`. */
#define TEST_FAILS(ctx, status, words, call)                                                                           \
    do {                                                                                                               \
        const Status test_status_ = (call);                                                                            \
        if (test_status_ != (status))                                                                                  \
            fail_msg("%s: status \"%s\", expected \"%s\" (%s)", #call, spica_status_text(test_status_),                \
                     spica_status_text(status), spica_context_reason(ctx));                                            \
        if (strstr(spica_context_reason(ctx), (words)) == NULL)                                                        \
            fail_msg("%s: reason \"%s\" does not hold \"%s\"", #call, spica_context_reason(ctx), (words));             \
        assert_null(strchr(spica_context_reason(ctx), '\n'));                                                          \
    } while (0)

/* Every element |actual - expected| <= atol + rtol * |expected|; NaN equals NaN, an infinity itself. The message names
 * the worst element. */
#define assert_close(actual, expected, count, atol, rtol)                                                              \
    assert_close_at((actual), (expected), (count), (double)(atol), (double)(rtol), #actual, __FILE__, __LINE__)

static inline void assert_close_at(const float *actual, const float *expected, size_t count, double atol, double rtol,
                                   const char *name, const char *file, int line) {
    size_t wrong = 0, worst = 0;
    double worst_excess = -1.0;
    for (size_t i = 0; i < count; i++) {
        const double a = (double)actual[i], e = (double)expected[i];
        if (a == e || (isnan(a) && isnan(e))) continue;
        const double excess = fabs(a - e) - (atol + rtol * fabs(e));
        if (excess <= 0.0) continue;
        wrong++;
        if (!(excess <= worst_excess)) worst = i, worst_excess = isnan(excess) ? HUGE_VAL : excess;
    }
    if (wrong == 0) return;
    print_error(
        "%s: %zu of %zu elements are wrong; worst at %zu: %.9g, expected %.9g (difference %.3g, allowed %.3g)\n", name,
        wrong, count, worst, (double)actual[worst], (double)expected[worst],
        fabs((double)actual[worst] - (double)expected[worst]), atol + rtol * fabs((double)expected[worst]));
    _fail(file, line);
}

/* The element types' exact comparison, naming the first difference. */
#define assert_integers_equal(actual, expected, count)                                                                 \
    do {                                                                                                               \
        for (size_t test_i_ = 0; test_i_ < (size_t)(count); test_i_++)                                                 \
            if ((actual)[test_i_] != (expected)[test_i_])                                                              \
                fail_msg("%s[%zu] is %lld, expected %lld", #actual, test_i_, (long long)(actual)[test_i_],             \
                         (long long)(expected)[test_i_]);                                                              \
    } while (0)

/* The golden array GOLDEN_DIR/name of this type, whole with its shape; closed by npy_close. */
static inline NpyArray golden_array(Context *ctx, const char *name, NpyType type) {
    NpyArray array;
    char path[1024];
    snprintf(path, sizeof path, GOLDEN_DIR "/%s", name);
    TEST_OK(ctx, npy_read(ctx, path, &array));
    if (array.type != type) fail_msg("%s holds %s", name, npy_type_name(array.type));
    return array;
}

/* Its elements alone, owned by the caller (FREE_ARRAY). count may be NULL. */
static inline float *golden_float(Context *ctx, const char *name, size_t *count) {
    const NpyArray array = golden_array(ctx, name, NPY_FLOAT32);
    if (count != NULL) *count = array.count;
    return array.data;
}

static inline double *golden_double(Context *ctx, const char *name, size_t *count) {
    const NpyArray array = golden_array(ctx, name, NPY_FLOAT64);
    if (count != NULL) *count = array.count;
    return array.data;
}

static inline int32_t *golden_int32(Context *ctx, const char *name, size_t *count) {
    const NpyArray array = golden_array(ctx, name, NPY_INT32);
    if (count != NULL) *count = array.count;
    return array.data;
}

static inline int64_t *golden_int64(Context *ctx, const char *name, size_t *count) {
    const NpyArray array = golden_array(ctx, name, NPY_INT64);
    if (count != NULL) *count = array.count;
    return array.data;
}

static inline uint8_t *golden_uint8(Context *ctx, const char *name, size_t *count) {
    const NpyArray array = golden_array(ctx, name, NPY_UINT8);
    if (count != NULL) *count = array.count;
    return array.data;
}

/* A folder of its own under TMPDIR, removed with test_scratch_remove. */
typedef struct TestScratch {
    char path[512];
} TestScratch;

static inline TestScratch test_scratch(void) {
    TestScratch scratch;
    const char *parent = getenv("TMPDIR");
    snprintf(scratch.path, sizeof scratch.path, "%s/spica-test-XXXXXX", parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(scratch.path));
    return scratch;
}

/* The path of `name` in the folder. Valid until the 8th next call. */
static inline const char *test_path(const TestScratch *scratch, const char *name) {
    static char paths[8][1024];
    static unsigned next;
    char *path = paths[next++ % 8];
    if (snprintf(path, sizeof paths[0], "%s/%s", scratch->path, name) >= (int)sizeof paths[0])
        fail_msg("the name %s is too long", name);
    return path;
}

/* Removes the folder and what is in it, folders within it included. */
static inline void test_folder_remove(Context *ctx, const char *path) {
    FolderList list;
    TEST_OK(ctx, folder_list(ctx, &list, path));
    for (size_t i = 0; i < list.count; i++) {
        char *child;
        TEST_OK(ctx, path_join(ctx, &child, path, list.names[i]));
        if (path_is_folder(child))
            test_folder_remove(ctx, child);
        else
            assert_int_equal(unlink(child), 0);
        FREE_ARRAY(ctx, &child);
    }
    folder_list_close(ctx, &list);
    assert_int_equal(rmdir(path), 0);
}

static inline void test_scratch_remove(Context *ctx, const TestScratch *scratch) {
    test_folder_remove(ctx, scratch->path);
}

#endif
