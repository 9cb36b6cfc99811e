/* A run folder as one page: RUN/report.html, and its plots as RUN/plots/NAME.svg.
 *
 * Floor plan of the room:
 *   report_run.c       spica_report: reads the run, writes the page
 *   report_page.h      this file: the page and its sections
 *   page_overview.c, page_clusters.c, page_members.c, page_map.c, page_training.c   a section each
 *   spice_figures.h, pica_figures.h   a method's own plots, out of its records
 *   report_data.h      the run folder's files and the pictures
 *   cluster_members.h  who is in a cluster, and which pictures tell most of it
 *   page_tables.c      what the scripts read: *.js of this folder
 *   report_map.h       the pictures in the plane
 *   svg_plot.h         plots (svg_frame.h: their axes)
 *   picture_tile.h, sprite_sheet.h, webp_image.h   pictures as tiles, sheets of tiles, WebP files
 *   html_text.h        whatever a file name holds comes out as text
 *   log_series.h       curves out of log.jsonl
 *   tile_list.h        pictures that need no script
 *   report_texts.h     the style sheets and scripts, embedded
 */
#ifndef SPICA_REPORT_REPORT_PAGE_H
#define SPICA_REPORT_REPORT_PAGE_H

#include "report/cluster_members.h"
#include "report/html_text.h"
#include "report/report_map.h"
#include "report/svg_plot.h"

/* The page while it is written. */
typedef struct ReportPage {
    Context *ctx;
    const ReportData *report;
    const ClusterMembers *members; /* all pictures */
    const ClusterMembers *listed;  /* those that the scripts know */
    const ReportMap *map;          /* of listed ones */
    TextBuffer html;
} ReportPage;

/* The sections. Each adds one <section>; errors: SPICA_ERROR_MEMORY, SPICA_ERROR_IO of a plot's file. */
Status page_add_overview(ReportPage *page);
Status page_add_clusters(ReportPage *page);
Status page_add_members(ReportPage *page);
Status page_add_map(ReportPage *page);
Status page_add_training(ReportPage *page);

/* What the scripts read, behind the sections: facts as JSON, tables and sheets of thumbnails. */
Status page_add_tables(ReportPage *page);

/* Opens a section, with its title; page_end_section closes it. */
void page_begin_section(ReportPage *page, const char *id, const char *title);
void page_end_section(ReportPage *page);

/* A plot into the page and into RUN/plots/NAME.svg; empties the buffer. */
Status page_add_plot(ReportPage *page, const char *name, TextBuffer *svg);

/* "Cluster 3" as html_text writes it, and the class that most of its members have, where they have any. */
void page_add_cluster_name(ReportPage *page, size_t cluster);

/* The class that most labelled members of a cluster have and their share of them; NULL where there are none. */
const char *page_main_class(const ReportPage *page, size_t cluster, double *share);

#endif
