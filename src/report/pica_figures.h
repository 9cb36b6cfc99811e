/* PICA's figures, out of the run's records: confidences (the paper's Fig. 3) and predictions (Fig. 4) over time. */
#ifndef SPICA_REPORT_PICA_FIGURES_H
#define SPICA_REPORT_PICA_FIGURES_H

#include "report/report_page.h"

/* Adds what the run has recorded; nothing for other methods. */
Status pica_figures_add(ReportPage *page);

#endif
