/* SPICE's figures, out of the run's records: every head's loss and accuracy by epoch (the paper's Fig. 6), and how
 * right the pseudo-labels are that joint training begins with (Fig. 7). */
#ifndef SPICA_REPORT_SPICE_FIGURES_H
#define SPICA_REPORT_SPICE_FIGURES_H

#include "report/report_page.h"

/* Adds what the run has recorded of stage 2, of stage 3; nothing for other methods. */
Status spice_figures_add_heads(ReportPage *page);
Status spice_figures_add_labels(ReportPage *page);

#endif
