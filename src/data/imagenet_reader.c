#define _DEFAULT_SOURCE /* dirent's types */
#include "data/imagenet_reader.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/files.h"
#include "data/picture_reader.h"
#include "data/synset_table.h"

/* Side of the pictures where neither option nor recipe tells it: SPICE, Table I. */
#define SIZE_USUAL 224
#define PER_CLASS_TRAIN 1300
#define PER_CLASS_VAL 50
#define MOST_CLASSES 15

/* What Chang et al. (Deep Adaptive Image Clustering, ICCV 2017) took from ILSVRC 2012, and the papers since: classes of
 * 1,300 training pictures each. */
typedef struct ImagenetSubset {
    const char *name; /* of the option's value, and of the recipes */
    size_t count;
    const char *ids[MOST_CLASSES], *names[MOST_CLASSES];
} ImagenetSubset;

static const ImagenetSubset subsets[] = {
    {"imagenet10",
     10,
     {"n02056570", "n02085936", "n02128757", "n02690373", "n02692877", "n03095699", "n04254680", "n04285008",
      "n04467665", "n07747607"},
     {"king penguin", "Maltese dog", "snow leopard", "airliner", "airship", "container ship", "soccer ball",
      "sports car", "trailer truck", "orange"}},
    {"imagenet-dogs",
     15,
     {"n02085936", "n02086646", "n02088238", "n02091467", "n02097130", "n02099601", "n02101388", "n02101556",
      "n02102177", "n02105056", "n02105412", "n02105855", "n02107142", "n02110958", "n02112137"},
     {"Maltese dog", "Blenheim spaniel", "basset", "Norwegian elkhound", "giant schnauzer", "golden retriever",
      "Brittany spaniel", "clumber", "Welsh springer spaniel", "groenendael", "kelpie", "Shetland sheepdog", "Doberman",
      "pug", "chow"}},
};
#define SUBSETS (sizeof subsets / sizeof subsets[0])

/* Where the folders by synset may stand in DATA. */
static const struct {
    const char *train, *val; /* val: NULL where there is none */
} places[] = {
    {"train", "val"},
    {"ILSVRC/Data/CLS-LOC/train", "ILSVRC/Data/CLS-LOC/val"}, /* as Kaggle's archive has them */
    {"", NULL},
};
#define PLACES (sizeof places / sizeof places[0])

/* Files that name the synsets of a user's list, where there are any. */
static const char *const name_files[] = {"words.txt", "LOC_synset_mapping.txt"};

/* Zeroed may be closed. */
typedef struct ImagenetSource {
    const ImagenetSubset *subset; /* NULL: a list of the user's */
    PictureList list;
    SynsetTable synsets;
} ImagenetSource;

static void imagenet_close(Context *ctx, ImagenetSource *source) {
    picture_list_close(ctx, &source->list);
    synset_table_close(ctx, &source->synsets);
}

static bool folder_stands_in(const char *data, const char *place, const char *id) {
    char path[4096];
    const int length = snprintf(path, sizeof path, "%s/%s/%s", data, place, id);
    return length < (int)sizeof path && path_is_folder(path);
}

/* Folders of a place that are named as synsets are. */
static size_t count_synset_folders(const char *data, const char *place) {
    char path[4096];
    size_t count = 0;
    if (snprintf(path, sizeof path, "%s/%s", data, place) >= (int)sizeof path) return 0;
    DIR *folder = opendir(path);
    if (folder == NULL) return 0;
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += text_is_synset(entry->d_name);
    closedir(folder);
    return count;
}

/* The subset whose classes a place of DATA has, and no others; NULL: none. */
static const ImagenetSubset *subset_in(const char *data, const char *place) {
    const size_t count = count_synset_folders(data, place);
    for (size_t i = 0; i < SUBSETS; i++) {
        size_t present = 0;
        if (count != subsets[i].count) continue;
        while (present < count && folder_stands_in(data, place, subsets[i].ids[present]))
            present++;
        if (present == count) return &subsets[i];
    }
    return NULL;
}

static const ImagenetSubset *subset_find(const char *data) {
    const ImagenetSubset *found = NULL;
    for (size_t i = 0; i < PLACES && found == NULL; i++)
        found = subset_in(data, places[i].train);
    return found;
}

/* Names of the classes of a user's list that it does not name itself. */
static Status names_read(Context *ctx, SynsetTable *synsets, const char *folder) {
    for (size_t i = 0; i < sizeof name_files / sizeof name_files[0]; i++) {
        char *path;
        TRY(path_join(ctx, &path, folder, name_files[i]));
        const Status status = synset_table_read_names(ctx, synsets, path);
        FREE_ARRAY(ctx, &path);
        TRY(status);
    }
    return SPICA_OK;
}

/* The classes that the option names, or that DATA has. */
static Status imagenet_choose(Context *ctx, ImagenetSource *source, const ReadRequest *request) {
    const char *wanted = request->settings->subset;
    if (wanted == NULL) source->subset = subset_find(request->path);
    for (size_t i = 0; wanted != NULL && i < SUBSETS; i++)
        if (strcmp(wanted, subsets[i].name) == 0) source->subset = &subsets[i];
    if (source->subset != NULL)
        return synset_table_set(ctx, &source->synsets, source->subset->ids, source->subset->names,
                                source->subset->count);
    if (wanted == NULL || !path_is_file(wanted))
        return context_fail(ctx, SPICA_ERROR_OPTION,
                            "data.classes = %s: neither coarse, fine, imagenet10 nor imagenet-dogs, nor a file of "
                            "synsets",
                            wanted != NULL ? wanted : "");
    TRY(synset_table_read(ctx, &source->synsets, wanted));
    return names_read(ctx, &source->synsets, request->path);
}

/* *place: the first one that has any of the classes. */
static Status place_find(Context *ctx, const ImagenetSource *source, const ReadRequest *request, size_t *place) {
    for (*place = 0; request->folder && *place < PLACES; ++*place)
        for (size_t i = 0; i < source->synsets.count; i++)
            if (folder_stands_in(request->path, places[*place].train, source->synsets.ids[i])) return SPICA_OK;
    return context_fail(ctx, SPICA_ERROR_DATA, "%s: data.classes = %s, but there is no folder %s nor train/%s",
                        request->path, source->subset != NULL ? source->subset->name : request->settings->subset,
                        source->synsets.ids[0], source->synsets.ids[0]);
}

/* The pictures of every class below a place. */
static Status classes_list(Context *ctx, ImagenetSource *source, const char *place) {
    for (size_t class = 0; class < source->synsets.count; class ++) {
        const char *id = source->synsets.ids[class];
        const size_t first = source->list.count;
        char *folder;
        TRY(path_join(ctx, &folder, place, id));
        const Status status = picture_list_add_folder(ctx, &source->list, folder);
        FREE_ARRAY(ctx, &folder);
        TRY(status);
        for (size_t i = first; i < source->list.count; i++)
            source->list.entries[i].label = id;
    }
    return SPICA_OK;
}

/* The whole is what the papers take: the training pictures. */
static Status imagenet_list(Context *ctx, ImagenetSource *source, const ReadRequest *request) {
    size_t place;
    TRY(place_find(ctx, source, request, &place));
    TRY(memory_copy_text(ctx, &source->list.folder, request->path));
    if (request->split != SPLIT_TEST) return classes_list(ctx, source, places[place].train);
    if (places[place].val == NULL || !folder_stands_in(request->path, places[place].val, source->synsets.ids[0]))
        return context_fail(ctx, SPICA_ERROR_DATA,
                            "%s: data.split = test: val/%s is missing; ImageNet's validation pictures are expected in "
                            "folders by synset",
                            request->path, source->synsets.ids[0]);
    return classes_list(ctx, source, places[place].val);
}

/* The published data set, by its counts. */
static bool imagenet_is_published(const ImagenetSource *source, DataSplit split) {
    const size_t per_class = split == SPLIT_TEST ? PER_CLASS_VAL : PER_CLASS_TRAIN;
    return source->subset != NULL && source->list.count == per_class * source->subset->count;
}

static Status imagenet_read(Context *ctx, Dataset *dataset, const ReadRequest *request) {
    ImagenetSource source = {0};
    Status status;
    TRY_GOTO(status, close, imagenet_choose(ctx, &source, request));
    TRY_GOTO(status, close, imagenet_list(ctx, &source, request));
    const bool published = imagenet_is_published(&source, request->split);
    TRY_GOTO(status, close, pictures_read_list(ctx, dataset, request, &source.list, SIZE_USUAL));
    dataset_add_part(dataset, request->split == SPLIT_TEST ? "test" : "train", dataset->count);
    if (published) snprintf(dataset->name, sizeof dataset->name, "%s", source.subset->name);
    if (request->labels) status = synset_labels_set(ctx, dataset, &source.list, &source.synsets);
close:
    imagenet_close(ctx, &source);
    return status;
}

static bool imagenet_recognise(const ReadRequest *request) {
    return request->folder && subset_find(request->path) != NULL;
}

const DataReader imagenet_reader = {
    .kind = "imagenet",
    .expected = "ImageNet-10 and ImageNet-Dogs (folders by synset, or with data.classes those of an ImageNet folder)",
    .recognise = imagenet_recognise,
    .read = imagenet_read,
};
