/* spica_report: a run folder as one page. */
#include <string.h>

#include "base/files.h"
#include "base/log.h"
#include "report/report_page.h"
#include "report/report_texts.h"
#include "run/options_api.h"

/* More pictures make the page too large to load. */
#define LISTED_MOST 100000

/* Nothing is fetched from anywhere, and no script runs but ours: what a file name smuggles in stays text. */
static void add_head(ReportPage *page) {
    TextBuffer *html = &page->html;
    text_add(html, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    text_print(html,
               "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data: blob:; "
               "style-src 'unsafe-inline'; script-src '%s'; base-uri 'none'; form-action 'none'\">\n",
               report_script_hash);
    text_add(html, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
    html_count(html, (int64_t)page->report->count);
    text_print(html, " pictures in %zu clusters</title>\n<style>\n%s</style>\n</head>\n", page->report->clusters,
               report_style);
}

static void add_header(ReportPage *page) {
    TextBuffer *html = &page->html;
    text_add(html, "<body>\n<a class=\"skip\" href=\"#overview\">Skip to the overview</a>\n<header>\n<h1>");
    html_count(html, (int64_t)page->report->count);
    text_print(html, " pictures in %zu clusters</h1>\n<nav aria-label=\"Sections\">\n", page->report->clusters);
    text_add(html, "<a href=\"#overview\">Overview</a> <a href=\"#clusters\">Clusters</a> "
                   "<a href=\"#members\">Members</a> <a href=\"#map\">Map</a> <a href=\"#training\">Training</a>\n"
                   "</nav>\n</header>\n<main>\n");
}

static void add_footer(ReportPage *page) {
    text_add(&page->html, "</main>\n<footer>Made by spica ");
    html_text(&page->html, spica_version());
    text_add(&page->html, ". The plots are in the folder <code>" RUN_PLOTS "</code> too.</footer>\n");
}

/* Behind all that it reads. The bytes within the element are those that the policy in the head allows. */
static void add_script(ReportPage *page) {
    text_add(&page->html, "<script>");
    text_add(&page->html, report_script);
    text_add(&page->html, "</script>\n</body>\n</html>\n");
}

static Status add_all(ReportPage *page) {
    add_head(page);
    add_header(page);
    TRY(page_add_overview(page));
    TRY(page_add_clusters(page));
    TRY(page_add_members(page));
    TRY(page_add_map(page));
    TRY(page_add_training(page));
    add_footer(page);
    TRY(page_add_tables(page));
    add_script(page);
    return page->html.status;
}

static Status make_plot_folder(Context *ctx, const RunFolder *folder) {
    char *path;
    TRY(run_folder_path(ctx, folder, RUN_PLOTS, &path));
    const Status status = folder_make(ctx, path);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status write_page(Context *ctx, const RunFolder *folder, TextBuffer *html) {
    char *path;
    TRY(run_folder_path(ctx, folder, RUN_REPORT, &path));
    const Status status = file_replace(ctx, path, html->text, html->length);
    FREE_ARRAY(ctx, &path);
    return status;
}

static Status make_report(Context *ctx, const ReportData *report, size_t map_points) {
    ClusterMembers members = {0}, listed = {0};
    ReportMap map = {0};
    ReportPage page = {
        .ctx = ctx, .report = report, .members = &members, .listed = &listed, .map = &map, .html = {.ctx = ctx}};
    Status status = cluster_members_open(ctx, &members, report);
    if (status == SPICA_OK) status = cluster_members_thin(ctx, &members, LISTED_MOST, &listed);
    if (status == SPICA_OK) status = report_map_open(ctx, &map, report, &listed, map_points);
    if (status == SPICA_OK) status = make_plot_folder(ctx, &report->folder);
    if (status == SPICA_OK) status = add_all(&page);
    if (status == SPICA_OK) status = write_page(ctx, &report->folder, &page.html);
    text_close(&page.html);
    report_map_close(ctx, &map);
    cluster_members_close(ctx, &listed);
    cluster_members_close(ctx, &members);
    return status;
}

spica_status spica_report(spica_context *context, const char *run, const spica_report_settings *settings,
                          const spica_options *options) {
    static const spica_report_settings usual = {0};
    ReportData report = {0};
    const int threads =
        context_use_threads(context, options != NULL ? options_integer(&options->options, "run.threads") : 0);
    if (settings == NULL) settings = &usual;
    Status status = report_data_open(context, &report, run, settings->data);
    if (status == SPICA_OK) status = make_report(context, &report, settings->map_points);
    report_data_close(context, &report);
    context->threads = threads;
    return status;
}
