/* Each cluster: its surest and its least sure pictures, those near other clusters, and its confidences. */
#include <math.h>
#include <stdio.h>

#include "report/attention_tiles.h"
#include "report/report_page.h"
#include "report/tile_list.h"

/* How much is shown of each of K clusters, so that the section stays small enough to load at once. */
typedef struct ShowScale {
    size_t clusters; /* up to so many */
    size_t pictures; /* of each kind */
    size_t maps;     /* attention maps */
    int side;        /* of a picture, in pixels */
} ShowScale;

static ShowScale show_scale(size_t clusters) {
    static const ShowScale scales[] = {
        {12, 12, 6, 96}, {30, 9, 4, 64}, {120, 6, 2, 40}, {400, 4, 0, 32}, {SIZE_MAX, 2, 0, 32}};
    size_t i = 0;
    while (clusters > scales[i].clusters)
        i++;
    return scales[i];
}

/* What the cards are written with. */
typedef struct Cards {
    ReportPage *page;
    ShowScale scale;
    ClusterShow *shows; /* of all clusters, owned */
    TileList list;
    AttentionTiles attention;
} Cards;

/* ---- pictures ---- */

static void begin_strip(TextBuffer *html, const char *title) { text_print(html, "<h4>%s</h4>\n", title); }

static Status add_strip(Cards *cards, const char *title, const int64_t *rows, size_t count) {
    if (count == 0 || !report_has_pictures(cards->page->report)) return SPICA_OK;
    begin_strip(&cards->page->html, title);
    return tile_list_add(&cards->list, &cards->page->html, rows, count);
}

/* Where labels exist: which of them the cluster has, lacks, and has wrongly. */
static Status add_cases(Cards *cards, size_t cluster) {
    static const char *const titles[CASE_KINDS] = {"In it, and of class ", "In it, though not of class ",
                                                   "Elsewhere, though of class "};
    const ReportData *report = cards->page->report;
    TextBuffer *html = &cards->page->html;
    ClusterCases cases;
    cluster_cases(report, cluster, cards->scale.pictures, &cases);
    if (cases.class < 0 || !report_has_pictures(report)) return SPICA_OK;
    text_add(html, "<details><summary>Against the labels: successes, false positives, false negatives</summary>\n");
    for (int kind = 0; kind < CASE_KINDS; kind++) {
        text_print(html, "<h4>%s", titles[kind]);
        html_text(html, report->classes.names[cases.class]);
        text_add(html, "</h4>\n");
        if (cases.counts[kind] == 0) text_add(html, "<p>None.</p>\n");
        if (cases.counts[kind] > 0) TRY(tile_list_add(&cards->list, html, cases.rows[kind], cases.counts[kind]));
    }
    text_add(html, "</details>\n");
    return SPICA_OK;
}

static Status add_neighbour(Cards *cards, const NeighbourCluster *neighbour) {
    TextBuffer *html = &cards->page->html;
    text_print(html, "<h4>Nearest to <a href=\"#cluster-%zu\">", neighbour->cluster);
    page_add_cluster_name(cards->page, neighbour->cluster);
    text_add(html, "</a> <small>mean probability ");
    html_percent(html, neighbour->share);
    text_add(html, "</small></h4>\n");
    if (!report_has_pictures(cards->page->report)) return SPICA_OK;
    return tile_list_add(&cards->list, html, neighbour->rows, neighbour->count);
}

/* ---- a card ---- */

/* Bins of a cluster's confidence histogram. */
#define CARD_BINS 25

static Status add_histogram(Cards *cards, size_t cluster) {
    const ClusterMembers *members = cards->page->members;
    const float *confidences = cards->page->report->table.confidences;
    char title[48], name[48];
    double bins[CARD_BINS] = {0};
    TextBuffer svg = {.ctx = cards->page->ctx};
    snprintf(title, sizeof title, "Confidence in cluster %zu", cluster);
    snprintf(name, sizeof name, "confidence-%zu", cluster);
    const Plot plot = {.title = title,
                       .x_title = "confidence",
                       .y_title = "pictures",
                       .x_low = 0.0,
                       .x_high = 1.0,
                       .width = 300,
                       .height = 180};
    for (size_t i = members->starts[cluster]; i < members->starts[cluster + 1]; i++) {
        const int bin = (int)(confidences[members->order[i]] * (float)CARD_BINS);
        if (confidences[members->order[i]] >= 0.0f) bins[bin < CARD_BINS ? bin : CARD_BINS - 1]++;
    }
    plot_histogram(&svg, &plot, bins, CARD_BINS, cluster);
    const Status status = page_add_plot(cards->page, name, &svg);
    text_close(&svg);
    return status;
}

static void add_figures(Cards *cards, size_t cluster, const ClusterShow *show) {
    TextBuffer *html = &cards->page->html;
    const size_t size = cluster_size(cards->page->members, cluster);
    text_add(html, "<p class=\"figures\"><b>");
    html_count(html, (int64_t)size);
    text_add(html, "</b> pictures, ");
    html_percent(html, (double)size / (double)cards->page->report->count);
    text_add(html, " of all; mean confidence <b>");
    html_percent(html, show->mean_confidence);
    text_add(html, "</b>");
    if (size > 0 && cards->page->report->table.reliable[cards->page->members->order[0]] >= 0) {
        text_add(html, "; reliable <b>");
        html_percent(html, (double)show->reliable / (double)size);
        text_add(html, "</b>");
    }
    text_print(html, ". <a class=\"needs-script\" href=\"#members\" data-members=\"%zu\">See all members</a></p>\n",
               cluster);
}

static Status add_nearest(Cards *cards, const ClusterShow *show) {
    const bool near = cards->page->report->embeddings != NULL;
    return add_strip(cards, near ? "Nearest to its prototype" : "Surest", show->nearest, show->nearest_count);
}

static Status add_pictures(Cards *cards, size_t cluster, const ClusterShow *show) {
    TRY(add_strip(cards, "Least sure", show->doubtful, show->doubtful_count));
    for (size_t i = 0; i < show->neighbour_count; i++)
        TRY(add_neighbour(cards, &show->neighbours[i]));
    return add_cases(cards, cluster);
}

static Status add_card(Cards *cards, size_t cluster) {
    char colour[PLOT_COLOUR_TEXT];
    const ClusterShow *show = &cards->shows[cluster];
    TextBuffer *html = &cards->page->html;
    plot_colour(colour, cluster);
    text_print(html, "<article class=\"cluster\" id=\"cluster-%zu\" style=\"--own:%s\">\n<h3>", cluster, colour);
    page_add_cluster_name(cards->page, cluster);
    text_add(html, "</h3>\n<div class=\"summary\"><div>\n");
    add_figures(cards, cluster, show);
    TRY(add_nearest(cards, show));
    text_add(html, "</div>\n");
    TRY(add_histogram(cards, cluster));
    text_add(html, "</div>\n");
    TRY(attention_tiles_add(&cards->attention, html, cluster));
    TRY(add_pictures(cards, cluster, show));
    text_add(html, "</article>\n");
    return html->status;
}

/* Links to all cards. */
static void add_index(ReportPage *page) {
    char colour[PLOT_COLOUR_TEXT];
    text_add(&page->html, "<ul class=\"chips\">\n");
    for (size_t k = 0; k < page->report->clusters; k++) {
        plot_colour(colour, k);
        text_print(&page->html, "<li><a href=\"#cluster-%zu\" style=\"--own:%s\">", k, colour);
        page_add_cluster_name(page, k);
        text_add(&page->html, "</a></li>\n");
    }
    text_add(&page->html, "</ul>\n");
}

static Status cards_open(Context *ctx, Cards *cards) {
    const ReportPage *page = cards->page;
    TRY(NEW_ARRAY(ctx, &cards->shows, page->report->clusters));
    for (size_t k = 0; k < page->report->clusters; k++)
        TRY(cluster_show(ctx, page->report, page->members, k, cards->scale.pictures, &cards->shows[k]));
    if (!report_has_pictures(page->report)) return SPICA_OK;
    TRY(tile_list_open(ctx, &cards->list, page->report, cards->scale.side));
    return attention_tiles_open(ctx, &cards->attention, page->report, page->members, cards->shows, cards->scale.maps,
                                cards->scale.side);
}

static void cards_close(Context *ctx, Cards *cards) {
    attention_tiles_close(ctx, &cards->attention);
    tile_list_close(ctx, &cards->list);
    FREE_ARRAY(ctx, &cards->shows);
}

Status page_add_clusters(ReportPage *page) {
    Cards cards = {.page = page, .scale = show_scale(page->report->clusters)};
    page_begin_section(page, "clusters", "Each cluster");
    add_index(page);
    Status status = cards_open(page->ctx, &cards);
    for (size_t k = 0; status == SPICA_OK && k < page->report->clusters; k++)
        status = add_card(&cards, k);
    cards_close(page->ctx, &cards);
    page_end_section(page);
    return status;
}
