/* Text for a page: whatever a file name or a label holds, it comes out as text. */
#ifndef SPICA_REPORT_HTML_TEXT_H
#define SPICA_REPORT_HTML_TEXT_H

#include <jansson.h>
#include <stdint.h>

#include "base/text_buffer.h"

/* Any bytes, for the text of an element and for an attribute in quotes, of HTML and of SVG: & < > " ' as references;
 * control characters, U+FFFE, U+FFFF, and bytes that are no UTF-8, as %XX. */
void html_text(TextBuffer *page, const char *text);

/* The same without references, for tables that scripts read. */
void html_plain(TextBuffer *page, const char *text);

/* A value inside <script type="application/json">: no < > & stands in it. Takes over the reference; NULL is
 * SPICA_ERROR_MEMORY. */
void html_json(TextBuffer *page, json_t *value);

/* "70,000". */
void html_count(TextBuffer *page, int64_t count);

/* "93.4 %" of a share on 0 .. 1; a dash where it is not finite. */
void html_percent(TextBuffer *page, double share);

/* At most so many significant digits; a dash where it is not finite. */
void html_number(TextBuffer *page, double value, int digits);

/* "28 s", "4 min 10 s", "1 h 3 min"; a dash where it is not finite. */
void html_duration(TextBuffer *page, double seconds);

/* Bytes in base64 (RFC 4648). */
void html_base64(TextBuffer *page, const uint8_t *bytes, size_t count);

/* The same, deflated as zlib has it (RFC 1950). */
void html_deflated(TextBuffer *page, const uint8_t *bytes, size_t count);

#endif
