/* Large JPEG files decoded to an eighth. There a block of the luma is one pixel, made of its DC coefficient alone, and
 * libjpeg spends most of its time on reading the AC coefficients only to pass over them. These functions pass
 * over them faster, in libjpeg's own frame: it still reads the headers and makes the pixels, which stay the same. */
#ifndef SPICA_DECODE_JPEG_SCAN_H
#define SPICA_DECODE_JPEG_SCAN_H

#include <stddef.h>
#include <stdio.h> /* jpeglib.h needs it */

#include <jpeglib.h>

/* To be called in the place of jpeg_start_decompress, with all of the file in the memory of its source (jpeg_mem_src)
 * and an emit_message that does not return from a warning. A file that does not suit is decoded by libjpeg alone.
 * What is wrong in the coefficients goes to the file's error_exit, but for what stands in a progressive file's scans
 * that are passed over: it would not show. False as jpeg_start_decompress. */
boolean jpeg_scan_start(j_decompress_ptr file);

/* In the place of jpeg_finish_decompress. */
boolean jpeg_scan_end(j_decompress_ptr file);

#endif
