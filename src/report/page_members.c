/* All members of a cluster, as a list that scrolls; the list itself is report_members.js. */
#include "report/report_page.h"

static void add_options(ReportPage *page) {
    double share;
    for (size_t k = 0; k < page->report->clusters; k++) {
        const char *class = page_main_class(page, k, &share);
        text_print(&page->html, "<option value=\"%zu\">Cluster %zu", k, k);
        if (class != NULL) {
            text_add(&page->html, ", mostly ");
            html_text(&page->html, class);
        }
        text_add(&page->html, " (");
        html_count(&page->html, (int64_t)cluster_size(page->members, k));
        text_add(&page->html, ")</option>\n");
    }
}

Status page_add_members(ReportPage *page) {
    TextBuffer *html = &page->html;
    page_begin_section(page, "members", "All members");
    text_add(html, "<noscript><p>This list needs JavaScript; <code>clusters.csv</code> beside this report has all "
                   "members.</p></noscript>\n<div class=\"needs-script\">\n<div class=\"controls\">\n"
                   "<label>Cluster <select id=\"members-cluster\">\n");
    add_options(page);
    text_add(html, "</select></label>\n<label>Order <select id=\"members-order\"><option value=\"surest\">surest first"
                   "</option><option value=\"doubtful\">least sure first</option></select></label>\n"
                   "<label>Size <input id=\"members-size\" type=\"range\" min=\"28\" max=\"128\" step=\"4\" "
                   "value=\"56\"></label>\n</div>\n"
                   "<div class=\"members\">\n<div id=\"members-list\" role=\"listbox\" tabindex=\"0\" "
                   "aria-label=\"Members of the cluster; arrow keys move\"><div id=\"members-all\" "
                   "role=\"presentation\"></div></div>\n"
                   "<div id=\"members-detail\" class=\"detail\" aria-live=\"polite\"></div>\n</div>\n</div>\n");
    page_end_section(page);
    return html->status;
}
