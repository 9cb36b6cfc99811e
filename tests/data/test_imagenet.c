/* Tiny-ImageNet-200 and subsets of ImageNet: folders as their archives unpack to, with a stand-in for the decoder,
 * which makes pictures of 4 x 3 of anything. */
#include <sys/stat.h>

#include "data_files.h"

static TestScratch imagenet_begin(void) {
    TestScratch scratch = test_scratch();
    setenv("SPICA_DECODE", DECODE_STUB, 1);
    setenv("SPICA_CACHE_LIMIT", "0", 1);
    return scratch;
}

static void imagenet_end(Context *ctx, const TestScratch *scratch) {
    test_scratch_remove(ctx, scratch);
    test_context_close(&ctx);
}

/* A file with its folders. */
static void file_add(const TestScratch *scratch, const char *name) {
    char folder[512];
    Context *ctx = test_context_open();
    snprintf(folder, sizeof folder, "%s", test_path(scratch, name));
    *strrchr(folder, '/') = '\0';
    TEST_OK(ctx, folder_make(ctx, folder));
    text_write(scratch, name, "a picture");
    test_context_close(&ctx);
}

/* `count` files NAME0.JPEG, NAME1.JPEG ... */
static void files_add(const TestScratch *scratch, const char *name, int count) {
    char path[256];
    for (int i = 0; i < count; i++) {
        assert_in_range(snprintf(path, sizeof path, "%s%d.JPEG", name, i), 1, sizeof path - 1);
        file_add(scratch, path);
    }
}

static void expect_paths(const Dataset *dataset, const char *const *paths, size_t count) {
    assert_int_equal(dataset->count, count);
    for (size_t row = 0; row < count; row++)
        assert_string_equal(dataset->paths[row], paths[row]);
}

/* ---- Tiny-ImageNet ---- */

/* Two classes, in wnids.txt not in their order, two training pictures each; three of val, one without annotation. */
static void tiny_write(const TestScratch *scratch) {
    files_add(scratch, "train/n02124075/images/n02124075_", 2);
    files_add(scratch, "train/n01443537/images/n01443537_", 2);
    text_write(scratch, "train/n01443537/n01443537_boxes.txt", "n01443537_0.JPEG\t0\t10\t63\t58\n");
    files_add(scratch, "val/images/val_", 3);
    text_write(scratch, "val/val_annotations.txt",
               "val_2.JPEG\tn02124075\t0\t32\t44\t62\nval_0.JPEG\tn01443537\t52\t55\t57\t59\n");
    files_add(scratch, "test/images/test_", 1);
    text_write(scratch, "wnids.txt", "n02124075\nn01443537\n");
    text_write(scratch, "words.txt",
               "n00001740\tentity\nn01443537\tgoldfish, Carassius auratus\nn02124075\tEgyptian cat\n");
}

static Dataset tiny_open(Context *ctx, const TestScratch *scratch, DataSettings settings) {
    return dataset_of_kind(ctx, scratch->path, "tiny-imagenet", settings);
}

static void test_tiny_splits(void **state) {
    (void)state;
    static const char *const paths[] = {"train/n01443537/images/n01443537_0.JPEG",
                                        "train/n01443537/images/n01443537_1.JPEG",
                                        "train/n02124075/images/n02124075_0.JPEG",
                                        "train/n02124075/images/n02124075_1.JPEG",
                                        "val/images/val_0.JPEG",
                                        "val/images/val_1.JPEG",
                                        "val/images/val_2.JPEG",
                                        "test/images/test_0.JPEG"};
    static const int32_t labels[] = {0, 0, 1, 1, 0, -1, 1};
    Context *ctx = test_context_open();
    TestScratch scratch = imagenet_begin();
    tiny_write(&scratch);
    Dataset dataset = tiny_open(ctx, &scratch, (DataSettings){0});
    expect_paths(&dataset, paths, 7);
    assert_integers_equal(dataset.labels, labels, 7);
    assert_int_equal(dataset.class_count, 2);
    assert_string_equal(dataset.class_names[0], "goldfish, Carassius auratus");
    assert_string_equal(dataset.class_names[1], "Egyptian cat");
    assert_string_equal(dataset.name, ""); /* not the published number of pictures */
    assert_int_equal(dataset.part_count, 2);
    assert_true(dataset.parts[0].count == 4 && dataset.parts[1].count == 3);
    assert_non_null(strstr(test_state(ctx)->log, "labels: none for 1 of 7 pictures"));
    dataset_close(ctx, &dataset);
    dataset = tiny_open(ctx, &scratch, (DataSettings){.split = SPLIT_TRAIN});
    expect_paths(&dataset, paths, 4);
    dataset_close(ctx, &dataset);
    dataset = tiny_open(ctx, &scratch, (DataSettings){.split = SPLIT_TEST});
    expect_paths(&dataset, paths + 4, 3);
    assert_integers_equal(dataset.labels, labels + 4, 3);
    dataset_close(ctx, &dataset);
    dataset = tiny_open(ctx, &scratch, (DataSettings){.split = SPLIT_UNLABELLED});
    expect_paths(&dataset, paths + 7, 1);
    assert_null(dataset.labels);
    dataset_close(ctx, &dataset);
    dataset = tiny_open(ctx, &scratch, (DataSettings){.labels = "none"});
    expect_paths(&dataset, paths, 7);
    assert_true(dataset.labels == NULL && dataset.class_count == 0);
    dataset_close(ctx, &dataset);
    imagenet_end(ctx, &scratch);
}

/* The archive's folder in DATA, bad pictures among the others, and no files of labels and names. */
static void test_tiny_folder_in_data(void **state) {
    (void)state;
    static const int32_t labels[] = {0, 1, 1, -1};
    Context *ctx = test_context_open();
    TestScratch scratch = imagenet_begin();
    files_add(&scratch, "tiny-imagenet-200/train/n01443537/images/n01443537_", 2);
    files_add(&scratch, "tiny-imagenet-200/train/n02124075/images/n02124075_", 2);
    files_add(&scratch, "tiny-imagenet-200/val/images/val_", 1);
    text_write(&scratch, "tiny-imagenet-200/train/n01443537/images/n01443537_1.JPEG", "");
    text_write(&scratch, "tiny-imagenet-200/wnids.txt", "n01443537\r\nn02124075\r\n");
    Dataset dataset = tiny_open(ctx, &scratch, (DataSettings){0});
    assert_int_equal(dataset.count, 4);
    assert_integers_equal(dataset.labels, labels, 4);
    assert_string_equal(dataset.class_names[1], "n02124075");
    assert_int_equal(dataset.bad_count, 1);
    assert_string_equal(dataset.bad[0].path, "train/n01443537/images/n01443537_1.JPEG");
    dataset_close(ctx, &dataset);
    imagenet_end(ctx, &scratch);
}

static void test_wrong_tiny(void **state) {
    (void)state;
    static const struct {
        const char *file, *text, *words;
    } wrong[] = {
        {"val/val_annotations.txt", "val_0.JPEG\tn09999999\t1\t2\t3\t4\n",
         "val_annotations.txt: line 1: no picture and"},
        {"val/val_annotations.txt", "val_0.JPEG\tn01443537\nval_1.JPEG\n", "val_annotations.txt: line 2: no picture"},
        {"wnids.txt", "n01443537\ngoldfish\n", "wnids.txt: line 2: no synset, which is like n02085936"},
        {"wnids.txt", "n01443537\nn014435379\n", "wnids.txt: line 2: no synset"},
        {"wnids.txt", "n01443537\n\nn01443537\n", "wnids.txt: n01443537 stands there twice"},
        {"wnids.txt", "\n", "wnids.txt: holds no synsets"},
        {"wnids.txt", "n01443537\nn01632777\n", "train/n01632777/images"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        Context *ctx = test_context_open();
        TestScratch scratch = imagenet_begin();
        tiny_write(&scratch);
        text_write(&scratch, wrong[i].file, wrong[i].text);
        ASSERT_REFUSED(ctx, scratch.path, wrong[i].words);
        imagenet_end(ctx, &scratch);
    }
}

/* ---- Subsets of ImageNet ---- */

static const char *const dogs[] = {"n02085936", "n02086646", "n02088238", "n02091467", "n02097130",
                                   "n02099601", "n02101388", "n02101556", "n02102177", "n02105056",
                                   "n02105412", "n02105855", "n02107142", "n02110958", "n02112137"};
static const char *const ten[] = {"n02056570", "n02085936", "n02128757", "n02690373", "n02692877",
                                  "n03095699", "n04254680", "n04285008", "n04467665", "n07747607"};

/* One picture of each class in PLACE/SYNSET/. */
static void classes_add(const TestScratch *scratch, const char *place, const char *const *ids, size_t count) {
    for (size_t i = 0; i < count; i++) {
        char name[256];
        snprintf(name, sizeof name, "%s%s/%s_7.JPEG", place, ids[i], ids[i]);
        file_add(scratch, name);
    }
}

static void expect_ten(const Dataset *dataset, const char *place) {
    char path[256];
    assert_true(dataset->count == 10 && dataset->class_count == 10);
    for (size_t row = 0; row < 10; row++) {
        assert_int_equal(dataset->labels[row], row);
        snprintf(path, sizeof path, "%s%s/%s_7.JPEG", place, ten[row], ten[row]);
        assert_string_equal(dataset->paths[row], path);
    }
    assert_string_equal(dataset->class_names[0], "king penguin");
    assert_string_equal(dataset->class_names[9], "orange");
    assert_string_equal(dataset->name, ""); /* not the published number of pictures */
}

/* Chosen out of a whole ImageNet, wherever its folders stand, or recognised where there are no others. */
static void test_imagenet10(void **state) {
    (void)state;
    static const char *const places[] = {"train/", "ILSVRC/Data/CLS-LOC/train/", ""};
    for (size_t i = 0; i < 3; i++) {
        Context *ctx = test_context_open();
        TestScratch scratch = imagenet_begin();
        classes_add(&scratch, places[i], ten, 10);
        Dataset dataset = dataset_of_kind(ctx, scratch.path, "imagenet", (DataSettings){0});
        expect_ten(&dataset, places[i]);
        dataset_close(ctx, &dataset);
        classes_add(&scratch, places[i], dogs, 15);
        dataset = dataset_of_kind(ctx, scratch.path, "imagenet", (DataSettings){.subset = "imagenet10"});
        expect_ten(&dataset, places[i]);
        dataset_close(ctx, &dataset);
        dataset = dataset_of_kind(ctx, scratch.path, "imagenet",
                                  (DataSettings){.subset = "imagenet-dogs", .split = SPLIT_TRAIN});
        assert_int_equal(dataset.class_count, 15);
        assert_string_equal(dataset.class_names[4], "giant schnauzer");
        assert_string_equal(dataset.class_names[14], "chow");
        dataset_close(ctx, &dataset);
        /* All of it is a folder of pictures like any other, were these pictures. */
        ASSERT_REFUSED(ctx, scratch.path, "no data set that spica knows");
        imagenet_end(ctx, &scratch);
    }
}

static void test_imagenet_validation_pictures(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = imagenet_begin();
    const DataSettings test = {.subset = "imagenet10", .split = SPLIT_TEST};
    Dataset dataset;
    classes_add(&scratch, "train/", ten, 10);
    TEST_FAILS(ctx, SPICA_ERROR_DATA, "data.split = test: val/n02056570 is missing",
               dataset_open(ctx, &dataset, scratch.path, &test));
    dataset_close(ctx, &dataset);
    classes_add(&scratch, "val/", ten, 10);
    dataset = dataset_of_kind(ctx, scratch.path, "imagenet", test);
    expect_ten(&dataset, "val/");
    assert_string_equal(dataset.parts[0].name, "test");
    dataset_close(ctx, &dataset);
    dataset = dataset_of_kind(ctx, scratch.path, "imagenet", (DataSettings){0}); /* the whole: what the papers take */
    expect_ten(&dataset, "train/");
    dataset_close(ctx, &dataset);
    imagenet_end(ctx, &scratch);
}

/* A list of the user's: names from its lines, else from a file of names, else the synsets. */
static void test_list_of_synsets(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = imagenet_begin();
    classes_add(&scratch, "train/", ten, 10);
    text_write(&scratch, "LOC_synset_mapping.txt",
               "n02085936 Maltese dog, Maltese\nn02128757 crane\nn02690373 crane\n");
    text_write(&scratch, "list", "n07747607 a fruit\nn02085936\nn02690373\nn02128757\nn02056570\n");
    char list[600];
    snprintf(list, sizeof list, "%s", test_path(&scratch, "list"));
    Dataset dataset = dataset_of_kind(ctx, scratch.path, "imagenet", (DataSettings){.subset = list});
    static const char *const names[] = {"n02056570", "Maltese dog, Maltese", "crane", "crane (n02690373)", "a fruit"};
    assert_int_equal(dataset.class_count, 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(dataset.class_names[i], names[i]);
    assert_string_equal(dataset.paths[4], "train/n07747607/n07747607_7.JPEG");
    dataset_close(ctx, &dataset);
    dataset = dataset_of_kind(ctx, scratch.path, "imagenet", (DataSettings){.subset = list, .labels = "none"});
    assert_true(dataset.count == 5 && dataset.labels == NULL);
    dataset_close(ctx, &dataset);
    imagenet_end(ctx, &scratch);
}

static void subset_refused(Context *ctx, const char *path, const char *subset, Status status, const char *words) {
    Dataset dataset;
    const DataSettings settings = {.subset = subset};
    TEST_FAILS(ctx, status, words, dataset_open(ctx, &dataset, path, &settings));
    dataset_close(ctx, &dataset);
}

static void test_wrong_subsets(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = imagenet_begin();
    classes_add(&scratch, "train/", ten, 9);
    text_write(&scratch, "list", "n02056570\nking penguin\n");
    subset_refused(ctx, scratch.path, "medium", SPICA_ERROR_OPTION,
                   "data.classes = medium: neither coarse, fine, imagenet10 nor imagenet-dogs, nor a file of synsets");
    subset_refused(ctx, scratch.path, "imagenet10", SPICA_ERROR_DATA, "train/n07747607");
    subset_refused(ctx, test_path(&scratch, "list"), "imagenet10", SPICA_ERROR_DATA,
                   "data.classes = imagenet10, but there is no folder n02056570 nor train/n02056570");
    subset_refused(ctx, test_path(&scratch, "train/n02056570"), "imagenet-dogs", SPICA_ERROR_DATA,
                   "there is no folder n02085936");
    char list[600];
    snprintf(list, sizeof list, "%s", test_path(&scratch, "list"));
    subset_refused(ctx, scratch.path, list, SPICA_ERROR_DATA, "list: line 2: no synset, which is like n02085936");
    imagenet_end(ctx, &scratch);
}

/* The published data set is known by its counts: 50 validation pictures a class. */
static void test_published_subset_is_known(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = imagenet_begin();
    for (size_t class = 0; class < 10; class ++) {
        char name[256];
        snprintf(name, sizeof name, "train/%s/x", ten[class]);
        file_add(&scratch, name);
        snprintf(name, sizeof name, "val/%s/ILSVRC2012_val_", ten[class]);
        files_add(&scratch, name, 50);
    }
    const DataSettings settings = {.split = SPLIT_TEST, .limit = 3};
    Dataset dataset = dataset_of_kind(ctx, scratch.path, "imagenet", settings);
    assert_string_equal(dataset.name, "imagenet10");
    assert_int_equal(dataset.count, 3);
    dataset_close(ctx, &dataset);
    assert_int_equal(unlink(test_path(&scratch, "val/n02056570/ILSVRC2012_val_7.JPEG")), 0);
    dataset = dataset_of_kind(ctx, scratch.path, "imagenet", settings);
    assert_string_equal(dataset.name, "");
    dataset_close(ctx, &dataset);
    imagenet_end(ctx, &scratch);
}

static void test_failed_allocations(void **state) {
    (void)state;
    Context *ctx = test_context_open();
    TestScratch scratch = imagenet_begin();
    tiny_write(&scratch);
    assert_failed_allocations_are_passed_on(ctx, scratch.path, 0);
    imagenet_end(ctx, &scratch);
    ctx = test_context_open();
    scratch = imagenet_begin();
    classes_add(&scratch, "", ten, 10);
    assert_failed_allocations_are_passed_on(ctx, scratch.path, 2);
    imagenet_end(ctx, &scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tiny_splits),
        cmocka_unit_test(test_tiny_folder_in_data),
        cmocka_unit_test(test_wrong_tiny),
        cmocka_unit_test(test_imagenet10),
        cmocka_unit_test(test_imagenet_validation_pictures),
        cmocka_unit_test(test_list_of_synsets),
        cmocka_unit_test(test_wrong_subsets),
        cmocka_unit_test(test_published_subset_is_known),
        cmocka_unit_test(test_failed_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
