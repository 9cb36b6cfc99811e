#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "command.h"

/* A name of a list of names, or where there is none, the number itself. */
static const char *name_of(const json_t *names, size_t number, char text[24]) {
    const char *name = json_string_value(json_array_get(names, number));
    if (name != NULL) return name;
    snprintf(text, 24, "%zu", number);
    return text;
}

/* Columns for names: as wide as they are, within bounds. */
static int name_width(const json_t *names, size_t least) {
    size_t width = least, i;
    const json_t *name;
    json_array_foreach(names, i, name) {
        if (json_string_length(name) > width) width = json_string_length(name);
    }
    return width < 24 ? (int)width : 24;
}

static void print_counts(const json_t *counts) {
    for (size_t i = 0; i < json_array_size(counts); i++)
        printf(" %9lld", (long long)json_integer_value(json_array_get(counts, i)));
    putchar('\n');
}

/* The sizes and the confusion matrix of metrics as a table: a row per cluster, a column per class. */
static void print_confusion(const json_t *metrics, int width) {
    const json_t *sizes = json_object_get(metrics, "sizes"), *confusion = json_object_get(metrics, "confusion");
    const json_t *classes = json_object_get(metrics, "class_names");
    printf("%*s %8s", width, "cluster", "size");
    for (size_t c = 0; c < json_array_size(classes); c++)
        printf(" %9.9s", json_string_value(json_array_get(classes, c)));
    putchar('\n');
    for (size_t k = 0; k < json_array_size(sizes); k++) {
        char number[24];
        printf("%*.*s %8lld", width, width, name_of(json_object_get(metrics, "cluster_names"), k, number),
               (long long)json_integer_value(json_array_get(sizes, k)));
        print_counts(json_array_get(confusion, k));
    }
}

static void print_figures(const json_t *by_class, int width, const char *heading, const char *key) {
    printf("%*s %8s", width, heading, "");
    size_t c;
    const json_t *one;
    json_array_foreach(by_class, c, one) {
        const json_t *value = json_object_get(one, key);
        if (json_is_number(value))
            printf(" %9.4f", json_number_value(value));
        else
            printf(" %9s", "-");
    }
    putchar('\n');
}

/* Below the matrix, in its columns: what the matched cluster is to each class. */
static void print_classes(const json_t *metrics, int width) {
    const json_t *by_class = json_object_get(metrics, "by_class"), *one;
    size_t c;
    if (by_class == NULL) return;
    printf("\n%*s %8s", width, "size", "");
    json_array_foreach(by_class, c, one) printf(" %9lld", (long long)json_integer_value(json_object_get(one, "size")));
    printf("\n%*s %8s", width, "matched", "");
    json_array_foreach(by_class, c, one) {
        char number[24];
        const json_int_t cluster = json_integer_value(json_object_get(one, "cluster"));
        const json_t *names = json_object_get(metrics, "cluster_names");
        printf(" %9.9s", cluster < 0 ? "-" : name_of(names, (size_t)cluster, number));
    }
    putchar('\n');
    print_figures(by_class, width, "precision", "precision");
    print_figures(by_class, width, "recall", "recall");
    print_figures(by_class, width, "F1", "f1");
}

static void print_evaluation(const spica_quality *quality, const char *json) {
    json_t *metrics = json_loads(json, 0, NULL);
    const int width = name_width(json_object_get(metrics, "cluster_names"), strlen("precision"));
    printf("%llu pictures in %llu clusters\n", (unsigned long long)quality->pictures,
           (unsigned long long)quality->clusters);
    print_quality(quality);
    if (json_is_number(json_object_get(metrics, "macro_f1")))
        printf("macro-F1 %.4f  balanced accuracy %.4f\n", quality->macro_f1, quality->balanced_accuracy);
    if (quality->mean_confidence == quality->mean_confidence) print_label_free(quality); /* not NaN: there are some */
    print_confusion(metrics, width);
    print_classes(metrics, width);
    json_decref(metrics);
}

static json_int_t size_of(const json_t *side, size_t number) {
    return json_integer_value(json_array_get(json_object_get(side, "sizes"), number));
}

/* A cluster of one side and its size; number < 0: none. */
static void print_cluster(const json_t *side, int width, json_int_t number) {
    char text[24];
    if (number < 0)
        printf("%*s %8s", width, "-", "");
    else
        printf("%*.*s %8lld", width, width, name_of(json_object_get(side, "cluster_names"), (size_t)number, text),
               (long long)size_of(side, (size_t)number));
}

static int is_matched(const json_t *matched, json_int_t number) {
    size_t i;
    const json_t *other;
    json_array_foreach(matched, i, other) {
        if (json_integer_value(other) == number) return 1;
    }
    return 0;
}

/* A row per cluster of the first with the one that is matched to it, then what is left of the second. */
static void print_matching(const json_t *agreement) {
    const json_t *first = json_object_get(agreement, "first"), *second = json_object_get(agreement, "second");
    const json_t *matched = json_object_get(agreement, "matched");
    const int a = name_width(json_object_get(first, "cluster_names"), strlen("second"));
    const int b = name_width(json_object_get(second, "cluster_names"), strlen("second"));
    printf("%*s %8s  %*s %8s %8s\n", a, "first", "size", b, "second", "size", "both");
    for (size_t k = 0; k < json_array_size(matched); k++) {
        const json_int_t other = json_integer_value(json_array_get(matched, k));
        if (size_of(first, k) == 0) continue;
        print_cluster(first, a, (json_int_t)k);
        printf("  ");
        print_cluster(second, b, other);
        const json_t *row = json_array_get(json_object_get(agreement, "confusion"), k);
        printf(" %8lld\n", other < 0 ? 0 : (long long)json_integer_value(json_array_get(row, (size_t)other)));
    }
    for (size_t k = 0; k < json_array_size(json_object_get(second, "sizes")); k++) {
        if (size_of(second, k) == 0 || is_matched(matched, (json_int_t)k)) continue;
        print_cluster(first, a, -1);
        printf("  ");
        print_cluster(second, b, (json_int_t)k);
        printf(" %8d\n", 0);
    }
}

static long long count_in(const json_t *agreement, const char *side, const char *key) {
    return (long long)json_integer_value(json_object_get(json_object_get(agreement, side), key));
}

static void print_agreement(const char *const paths[2], const spica_quality *quality, const char *json) {
    json_t *agreement = json_loads(json, 0, NULL);
    printf("%llu pictures in both, %lld only in %s, %lld only in %s\n", (unsigned long long)quality->pictures,
           count_in(agreement, "first", "only_here"), paths[0], count_in(agreement, "second", "only_here"), paths[1]);
    printf("%lld clusters against %lld\n", count_in(agreement, "first", "clusters"),
           count_in(agreement, "second", "clusters"));
    printf("ACC %.4f  NMI %.4f  ARI %.4f  NMI (geometric) %.4f\n", quality->acc, quality->nmi, quality->ari,
           quality->nmi_geometric);
    print_matching(agreement);
    json_decref(agreement);
}

static spica_status run(spica_context *context, Console *console, const Arguments *arguments) {
    const char *const *operands = arguments->operands;
    const char *second = arguments->operand_count > 1 ? operands[1] : NULL;
    const char *labels = arguments->labels_given ? spica_options_get(arguments->options, "data.labels") : NULL;
    const bool agreement = second != NULL && spica_is_clustering(context, second);
    spica_quality quality;
    char *json = NULL;
    const spica_status status = agreement
                                    ? spica_compare(context, operands[0], second, arguments->confusion, &quality, &json)
                                    : spica_evaluate(context, operands[0], second, labels, arguments->options,
                                                     arguments->confusion, &quality, &json);
    if (status != SPICA_OK) return status;
    console_clear(console);
    if (arguments->json)
        puts(json);
    else if (agreement)
        print_agreement(operands, &quality, json);
    else
        print_evaluation(&quality, json);
    spica_text_free(context, &json);
    return SPICA_OK;
}

static void explain(void) {
    puts("RUN            its clusters.csv against the labels of its data\n"
         "RUN DATA       other pictures, assigned by the run, against their labels\n"
         "CSV            a table path,cluster[,label]; --labels FILE: a table path,label, or a .npy\n"
         "NPY            one integer a row; below 0: in no cluster; --labels FILE as above, --paths FILE its names\n"
         "A B            two of RUN and CSV: how far they agree, joined on path, without labels\n");
}

const Command command_eval = {
    .name = "eval",
    .usage = "RUN [DATA] | CSV|NPY [--labels FILE] | A B [OPTIONS]",
    .summary = "compares clusters with labels or with other clusters: ACC NMI ARI, per class, confusion",
    .least = 1,
    .most = 2,
    .takes_json = true,
    .takes_confusion = true,
    .help = explain,
    .run = run,
};
