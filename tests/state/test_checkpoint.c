/* Checkpoints: what was written comes back, damage is seen wherever it is, and the older one is found. */
#include "state/checkpoint.h"

#include <signal.h>
#include <sys/resource.h>

#include "state/run_stages.h"
#include "support/kept_state.h"

#define FLOATS 1000

/* A state with every kind of part. */
typedef struct Trained {
    float values[FLOATS];
    uint64_t steps, version;
    unsigned char odd[7];
    StateParts parts;
} Trained;

static void trained_open(Context *ctx, Trained *trained, float value) {
    *trained = (Trained){.steps = (uint64_t)value};
    for (size_t i = 0; i < FLOATS; i++)
        trained->values[i] = value + (float)i;
    memset(trained->odd, (int)value, sizeof trained->odd);
    TEST_OK(ctx, STATE_VALUE(ctx, &trained->parts, &trained->steps, "steps"));
    TEST_OK(ctx, state_parts_add(ctx, &trained->parts, NULL, 0, "nothing"));
    TEST_OK(ctx, state_parts_add(ctx, &trained->parts, trained->odd, sizeof trained->odd, "odd"));
    TEST_OK(ctx, state_parts_add_floats(ctx, &trained->parts, trained->values, FLOATS, &trained->version, "values"));
}

/* A folder of a run, as far as checkpoints need it. */
static RunFolder folder_open(Context *ctx, const TestScratch *scratch) {
    RunFolder folder = {0};
    TEST_OK(ctx, memory_copy_text(ctx, &folder.path, scratch->path));
    TEST_OK(ctx, folder_make(ctx, test_path(scratch, RUN_CHECKPOINT)));
    return folder;
}

static void keep(Context *ctx, const RunFolder *folder, float value) {
    Trained trained;
    trained_open(ctx, &trained, value);
    TEST_OK(ctx, checkpoint_write(ctx, folder, "joint", &trained.parts));
    state_parts_close(ctx, &trained.parts);
}

/* The latest whole checkpoint must be that of `value`; 0: there must be none. */
static void assert_kept(Context *ctx, const RunFolder *folder, float value) {
    Checkpoint checkpoint;
    Trained trained, expected;
    bool found;
    TEST_OK(ctx, checkpoint_find(ctx, folder, "joint", &checkpoint, &found));
    assert_int_equal(found, value > 0.0f);
    trained_open(ctx, &trained, 0.0f);
    trained_open(ctx, &expected, value);
    if (found) {
        assert_int_equal(checkpoint_part_bytes(&checkpoint, "odd"), 7);
        assert_int_equal(checkpoint_part_bytes(&checkpoint, "even"), 0);
        TEST_OK(ctx, checkpoint_load(ctx, &checkpoint, &trained.parts));
        assert_int_equal(trained.version, 1);
        char *copy = state_copy(ctx, &expected.parts);
        assert_state(&trained.parts, copy);
        FREE_ARRAY(ctx, &copy);
    }
    checkpoint_close(ctx, &checkpoint);
    state_parts_close(ctx, &trained.parts);
    state_parts_close(ctx, &expected.parts);
}

/* What a test of damage needs: two checkpoints, of 1 and 2, and the bytes of the latest. */
typedef struct Scene {
    TestScratch scratch;
    RunFolder folder;
    char latest[600], previous[600];
    char *bytes;
    size_t count;
} Scene;

static void scene_open(Context *ctx, Scene *scene) {
    *scene = (Scene){.scratch = test_scratch()};
    scene->folder = folder_open(ctx, &scene->scratch);
    snprintf(scene->latest, sizeof scene->latest, "%s/checkpoint/joint.ckpt", scene->scratch.path);
    snprintf(scene->previous, sizeof scene->previous, "%s/checkpoint/joint.previous.ckpt", scene->scratch.path);
    keep(ctx, &scene->folder, 1.0f);
    keep(ctx, &scene->folder, 2.0f);
    TEST_OK(ctx, file_read(ctx, scene->latest, &scene->bytes, &scene->count));
}

static void scene_close(Context *ctx, Scene *scene) {
    FREE_ARRAY(ctx, &scene->bytes);
    run_folder_close(ctx, &scene->folder);
    test_scratch_remove(ctx, &scene->scratch);
}

static void test_generations(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Scene scene;
    bool exists;
    scene_open(ctx, &scene);
    assert_kept(ctx, &scene.folder, 2.0f);
    TEST_OK(ctx, file_remove(ctx, scene.latest));
    assert_kept(ctx, &scene.folder, 1.0f); /* as after a crash between the two renames */
    keep(ctx, &scene.folder, 3.0f);
    assert_kept(ctx, &scene.folder, 3.0f);
    assert_int_equal(test_state(ctx)->warnings, 0);
    TEST_OK(ctx, checkpoint_exists(ctx, &scene.folder, "joint", &exists));
    assert_true(exists);
    TEST_OK(ctx, file_replace(ctx, test_path(&scene.scratch, "checkpoint/stages.json"), "[]", 2));
    TEST_OK(ctx, file_replace(ctx, test_path(&scene.scratch, "checkpoint/head.ckpt.partial"), "x", 1));
    TEST_OK(ctx, checkpoint_remove_others(ctx, &scene.folder, "joint"));
    assert_kept(ctx, &scene.folder, 3.0f);
    TEST_OK(ctx, checkpoint_remove_others(ctx, &scene.folder, "join"));
    assert_kept(ctx, &scene.folder, 0.0f);
    assert_true(path_exists(test_path(&scene.scratch, "checkpoint/stages.json")));
    assert_false(path_exists(test_path(&scene.scratch, "checkpoint/head.ckpt.partial")));
    keep(ctx, &scene.folder, 4.0f);
    TEST_OK(ctx, checkpoint_remove(ctx, &scene.folder, "joint"));
    TEST_OK(ctx, checkpoint_exists(ctx, &scene.folder, "joint", &exists));
    assert_false(exists);
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

/* Every byte of the start and the header, and some of each part, are turned; the one before is used instead, also once
 * a new one was written. */
static void test_damage(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Scene scene;
    scene_open(ctx, &scene);
    for (size_t i = 0; i < scene.count; i += i < 400 || i + 8 > scene.count ? 1 : 97) {
        scene.bytes[i] = (char)(scene.bytes[i] ^ (1 << i % 8));
        TEST_OK(ctx, file_replace(ctx, scene.latest, scene.bytes, scene.count));
        scene.bytes[i] = (char)(scene.bytes[i] ^ (1 << i % 8));
        assert_kept(ctx, &scene.folder, 1.0f);
        assert_false(path_exists(scene.latest));
    }
    assert_true(test_state(ctx)->warnings > 400);
    assert_non_null(strstr(test_state(ctx)->log, "joint.ckpt is damaged"));
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

static void test_truncated(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Scene scene;
    scene_open(ctx, &scene);
    for (size_t count = 0; count < scene.count; count += count < 40 ? 1 : 211) {
        TEST_OK(ctx, file_replace(ctx, scene.latest, scene.bytes, count));
        assert_kept(ctx, &scene.folder, 1.0f);
    }
    /* Neither is whole. */
    TEST_OK(ctx, file_replace(ctx, scene.previous, scene.bytes, 100));
    TEST_OK(ctx, file_replace(ctx, scene.latest, "", 0));
    assert_kept(ctx, &scene.folder, 0.0f);
    assert_false(path_exists(scene.previous));
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

/* CRC-32 as in zlib, bit by bit. */
static uint32_t sum_of(const char *bytes, size_t count) {
    uint32_t sum = 0xffffffffu;
    for (size_t i = 0; i < count; i++) {
        sum ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
    }
    return ~sum;
}

static void test_newer_version(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Scene scene;
    Checkpoint checkpoint;
    bool found;
    scene_open(ctx, &scene);
    const uint32_t version = CHECKPOINT_VERSION + 1;
    memcpy(scene.bytes + 8, &version, sizeof version);
    const uint32_t sum = sum_of(scene.bytes, 12);
    memcpy(scene.bytes + 12, &sum, sizeof sum);
    TEST_OK(ctx, file_replace(ctx, scene.latest, scene.bytes, scene.count));
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "written by a newer spica",
               checkpoint_find(ctx, &scene.folder, "joint", &checkpoint, &found));
    assert_true(path_exists(scene.latest));
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

/* A state of another program is refused before anything is touched. */
static void test_other_parts(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Scene scene;
    Checkpoint checkpoint;
    Trained trained;
    bool found;
    scene_open(ctx, &scene);
    trained_open(ctx, &trained, 9.0f);
    TEST_OK(ctx, checkpoint_find(ctx, &scene.folder, "joint", &checkpoint, &found));
    trained.parts.parts[3].bytes -= 4;
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "values differs", checkpoint_load(ctx, &checkpoint, &trained.parts));
    trained.parts.parts[3].bytes += 4;
    trained.parts.parts[2].name[0] = 'a';
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "add differs", checkpoint_load(ctx, &checkpoint, &trained.parts));
    trained.parts.count--;
    TEST_FAILS(ctx, SPICA_ERROR_RUN, "number of parts", checkpoint_load(ctx, &checkpoint, &trained.parts));
    assert_int_equal(trained.steps, 9);
    checkpoint_close(ctx, &checkpoint);
    state_parts_close(ctx, &trained.parts);
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

/* A disk that fills up while one is written: both old ones stand, and nothing else. */
static void test_full_disk(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    Scene scene;
    Trained trained;
    FolderList list;
    struct rlimit before, small;
    scene_open(ctx, &scene);
    trained_open(ctx, &trained, 3.0f);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const Status status = checkpoint_write(ctx, &scene.folder, "joint", &trained.parts);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    TEST_FAILS(ctx, SPICA_ERROR_IO, "joint.ckpt: File too large", status);
    assert_kept(ctx, &scene.folder, 2.0f);
    TEST_OK(ctx, folder_list(ctx, &list, test_path(&scene.scratch, "checkpoint")));
    assert_int_equal(list.count, 2);
    folder_list_close(ctx, &list);
    state_parts_close(ctx, &trained.parts);
    scene_close(ctx, &scene);
    test_context_close(&ctx);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_generations),   cmocka_unit_test(test_damage),      cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_newer_version), cmocka_unit_test(test_other_parts), cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
