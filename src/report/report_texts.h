/* The report's style sheets and scripts: the files of this folder, embedded when the library is built
 * (cmake/SpicaReport.cmake). ASCII. */
#ifndef SPICA_REPORT_REPORT_TEXTS_H
#define SPICA_REPORT_REPORT_TEXTS_H

extern const char report_script[];
extern const char report_script_hash[]; /* for the page's content security policy: "sha256-..." */
extern const char report_style[];
extern const char report_plot_style[]; /* what a plot needs in a file of its own; part of report_style */

#endif
