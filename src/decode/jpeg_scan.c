#include "decode/jpeg_scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpegint.h>

/* Later versions place their entropy decoders otherwise, and have lossless files, whose tables are others. */
#if defined LIBJPEG_TURBO_VERSION_NUMBER && LIBJPEG_TURBO_VERSION_NUMBER < 3000000
#define DECODER_KNOWN true
#else
#define DECODER_KNOWN false
#endif

#define LOOK_BITS 11
#define LONGEST 16 /* bits of a code */
#define ZIGZAG_END 64

/* A block without any end takes up to 64 steps of at most 16 bits of code and 15 of value: 248 bytes. So far beyond the
 * end of its data a reader may come before it is noticed. */
#define PADDING 512

/* What the next LOOK_BITS bits say, as far as their codes stand in them whole: the first symbol, and how far all of
 * them lead together, with the bits of their values. */
typedef struct Look {
    uint8_t length;  /* of the first symbol's code in bits; 0: it is longer than LOOK_BITS, or none */
    uint8_t symbol;  /* the first: run of zeros << 4 | bits of the value that follows */
    uint8_t bits;    /* of all symbols and their values */
    uint8_t advance; /* places in the zigzag order, of which the end of a block is one */
} Look;

#define END_OF_BLOCK 0x80 /* in Look.advance */

typedef struct Codes {
    Look looks[1 << LOOK_BITS];
    int32_t last[LONGEST + 1];   /* the last code of each length; -1: none */
    int32_t offset[LONGEST + 1]; /* code + offset: its place among the symbols */
    uint8_t symbols[256];
} Codes;

/* Bits of bytes without stuffing. The upper `left` bits of the window are next; what stands below is either zero or
 * what `next` holds. */
typedef struct Bits {
    const uint8_t *next;
    uint64_t window;
    int left;
} Bits;

typedef struct ScanComponent {
    const Codes *dc, *ac;
    bool dc_only;
    uint32_t last_dc;
} ScanComponent;

/* Stands in the place of libjpeg's own entropy decoder, of whose kind it is. */
typedef struct JpegScan {
    struct jpeg_entropy_decoder decoder;
    Bits bits;
    unsigned restarts_left;
    ScanComponent components[MAX_COMPS_IN_SCAN];
    Codes dc[NUM_HUFF_TBLS], ac[NUM_HUFF_TBLS];
    const uint8_t *end; /* of the segment's bytes */
    uint8_t *bytes;     /* a segment, from one marker to the next, without stuffing, and PADDING zeros */
} JpegScan;

/* error_exit does not return. */
static _Noreturn void fail(j_decompress_ptr file) {
    file->err->error_exit((j_common_ptr)file);
    abort();
}

/* A component of which a block is one pixel. */
static bool needs_dc_only(const jpeg_component_info *component) {
#if JPEG_LIB_VERSION >= 70
    return component->DCT_h_scaled_size == 1 && component->DCT_v_scaled_size == 1;
#else
    return component->DCT_scaled_size == 1;
#endif
}

/* Codes */

/* The looks with one symbol each, and what longer codes need (ITU T.81, F.2.2.3). */
static void codes_single(Codes *codes, const JHUFF_TBL *table) {
    memcpy(codes->symbols, table->huffval, sizeof codes->symbols);
    int32_t code = 0, place = 0;
    for (int length = 1; length <= LONGEST; length++, code <<= 1) {
        const int count = table->bits[length];
        codes->offset[length] = place - code;
        for (int i = 0; i < count && place < 256; i++, code++, place++) {
            if (length > LOOK_BITS) continue;
            const int spread = 1 << (LOOK_BITS - length), first = code * spread;
            for (int j = first; j < first + spread && j < 1 << LOOK_BITS; j++)
                codes->looks[j] = (Look){.length = (uint8_t)length, .symbol = table->huffval[place]};
        }
        codes->last[length] = count > 0 ? code - 1 : -1;
    }
}

/* How far the symbols of a look lead that stand in it whole. */
static void look_far(const Codes *codes, uint32_t pattern, Look *look) {
    int bits = 0, advance = 0;
    bool end = false;
    while (!end && bits < LOOK_BITS) {
        const Look *next = &codes->looks[(pattern << bits) & ((1 << LOOK_BITS) - 1)];
        const int run = next->symbol >> 4, value = next->symbol & 15;
        if (next->length == 0 || next->length > LOOK_BITS - bits) break;
        end = value == 0 && run != 15;
        const int places = end ? 1 : run + 1;
        if (advance + places > ZIGZAG_END) break;
        bits += next->length + value;
        advance += places;
    }
    look->bits = (uint8_t)bits;
    look->advance = (uint8_t)(advance | (end ? END_OF_BLOCK : 0));
}

static void codes_make(Codes *codes, const JHUFF_TBL *table) {
    memset(codes, 0, sizeof *codes);
    codes_single(codes, table);
    for (uint32_t pattern = 0; pattern < 1 << LOOK_BITS; pattern++)
        look_far(codes, pattern, &codes->looks[pattern]);
}

/* Bits */

static inline uint64_t big_endian(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    value = __builtin_bswap64(value);
#endif
    return value;
}

/* At least 56 bits are left then. */
static inline void bits_fill(Bits *bits) {
    bits->window |= big_endian(bits->next) >> bits->left;
    bits->next += (63 - bits->left) >> 3;
    bits->left |= 56;
}

static inline void bits_drop(Bits *bits, int count) {
    bits->window <<= count;
    bits->left -= count;
}

static inline const Look *bits_look(const Bits *bits, const Codes *codes) {
    return &codes->looks[bits->window >> (64 - LOOK_BITS)];
}

/* Bits that were read beyond the end are 0 or less. */
static ptrdiff_t bits_until(const Bits *bits, const uint8_t *end) { return (end - bits->next) * 8 + bits->left; }

static int long_symbol(Bits *bits, const Codes *codes, j_decompress_ptr file) {
    for (int length = LOOK_BITS + 1; length <= LONGEST; length++) {
        const int32_t code = (int32_t)(bits->window >> (64 - length));
        if (code > codes->last[length]) continue;
        bits_drop(bits, length);
        return codes->symbols[(code + codes->offset[length]) & 255];
    }
    fail(file);
}

/* At most 16 bits. */
static inline int read_symbol(Bits *bits, const Codes *codes, j_decompress_ptr file) {
    const Look *look = bits_look(bits, codes);
    if (look->length == 0) return long_symbol(bits, codes, file);
    bits_drop(bits, look->length);
    return look->symbol;
}

/* A number of `count` bits, 1 to 15, whose first one tells the sign (T.81, F.2.2.1). */
static inline int read_value(Bits *bits, int count) {
    const int value = (int)(bits->window >> (64 - count));
    bits_drop(bits, count);
    return value < 1 << (count - 1) ? value - (1 << count) + 1 : value;
}

/* Blocks */

/* Passes over what one look finds, from *place on: ZIGZAG_END after the block's last. False: some of it may belong to
 * the next block, or nothing was found. */
static inline bool skip_look(Bits *bits, const Codes *codes, int *place) {
    const Look *look = bits_look(bits, codes);
    const int next = *place + (look->advance & ~END_OF_BLOCK);
    if (look->bits == 0 || next > ZIGZAG_END) return false;
    bits_drop(bits, look->bits);
    *place = (look->advance & END_OF_BLOCK) != 0 ? ZIGZAG_END : next;
    return true;
}

static inline void skip_symbol(Bits *bits, const Codes *codes, int *place, j_decompress_ptr file) {
    bits_fill(bits);
    const int symbol = read_symbol(bits, codes, file);
    const bool end = (symbol & 15) == 0 && symbol >> 4 != 15;
    bits_drop(bits, symbol & 15);
    *place = end ? ZIGZAG_END : *place + (symbol >> 4) + 1;
}

/* Passes over the AC coefficients of a block. Two looks take 2 x (LOOK_BITS + 15) of the bits at most. */
static void skip_ac(Bits *bits, const Codes *codes, j_decompress_ptr file) {
    for (int place = 1; place < ZIGZAG_END;) {
        bits_fill(bits);
        if (!skip_look(bits, codes, &place))
            skip_symbol(bits, codes, &place, file);
        else if (place < ZIGZAG_END)
            skip_look(bits, codes, &place);
    }
}

static void read_ac(Bits *bits, const Codes *codes, JCOEF *block, j_decompress_ptr file) {
    for (int place = 1; place < ZIGZAG_END; place++) {
        bits_fill(bits);
        const int symbol = read_symbol(bits, codes, file), size = symbol & 15;
        if (size == 0 && symbol >> 4 != 15) return;
        place += symbol >> 4;
        if (size > 0) block[jpeg_natural_order[place]] = (JCOEF)read_value(bits, size);
    }
}

static void read_block(Bits *bits, ScanComponent *component, JCOEF *block, j_decompress_ptr file) {
    bits_fill(bits);
    const int size = read_symbol(bits, component->dc, file);
    if (size > 15) fail(file);
    if (size > 0) component->last_dc += (uint32_t)read_value(bits, size);
    block[0] = (JCOEF)component->last_dc;
    if (component->dc_only)
        skip_ac(bits, component->ac, file);
    else
        read_ac(bits, component->ac, block, file);
}

/* Segments */

/* The bytes up to the next marker, where the source then stands. FF 00 is a stuffed FF (T.81, F.1.2.3). */
static void segment_take(j_decompress_ptr file, JpegScan *scan) {
    const uint8_t *from = file->src->next_input_byte, *const end = from + file->src->bytes_in_buffer, *mark;
    uint8_t *to = scan->bytes;
    for (bool stuffed = true; stuffed; from = stuffed ? mark + 2 : mark) {
        mark = memchr(from, 0xff, (size_t)(end - from));
        if (mark == NULL || end - mark < 2) fail(file);
        stuffed = mark[1] == 0;
        const size_t count = (size_t)(mark - from) + (stuffed ? 1 : 0);
        memcpy(to, from, count);
        to += count;
    }
    memset(to, 0, PADDING);
    file->src->next_input_byte = from;
    file->src->bytes_in_buffer = (size_t)(end - from);
    scan->bits = (Bits){.next = scan->bytes};
    scan->end = to;
    scan->restarts_left = file->restart_interval;
    for (int i = 0; i < file->comps_in_scan; i++)
        scan->components[i].last_dc = 0;
}

/* A segment ends in the last byte of its data. */
static void segment_check_end(j_decompress_ptr file, const JpegScan *scan) {
    if (bits_until(&scan->bits, scan->end) >= 8) fail(file);
}

static boolean decode_mcu(j_decompress_ptr file, JBLOCKROW *blocks) {
    JpegScan *scan = (JpegScan *)file->entropy;
    if (file->restart_interval != 0 && scan->restarts_left == 0) {
        segment_check_end(file, scan);
        if (!file->marker->read_restart_marker(file)) fail(file);
        segment_take(file, scan);
    }
    scan->restarts_left--;
    Bits bits = scan->bits;
    for (int i = 0; i < file->blocks_in_MCU; i++) {
        read_block(&bits, &scan->components[file->MCU_membership[i]], *blocks[i], file);
        if (bits_until(&bits, scan->end) < 0) fail(file);
    }
    scan->bits = bits;
    return TRUE;
}

/* Takes the place of libjpeg's decoder for the file's only scan. */
static void scan_take(j_decompress_ptr file) {
    const struct jpeg_memory_mgr *memory = file->mem;
    JpegScan *scan = memory->alloc_large((j_common_ptr)file, JPOOL_IMAGE, sizeof *scan);
    scan->bytes = memory->alloc_large((j_common_ptr)file, JPOOL_IMAGE, file->src->bytes_in_buffer + PADDING);
    scan->decoder = *file->entropy;
    scan->decoder.decode_mcu = decode_mcu;
    for (int i = 0; i < file->comps_in_scan; i++) {
        const jpeg_component_info *component = file->cur_comp_info[i];
        const int dc = component->dc_tbl_no, ac = component->ac_tbl_no;
        if (dc < 0 || dc >= NUM_HUFF_TBLS || ac < 0 || ac >= NUM_HUFF_TBLS) fail(file);
        if (file->dc_huff_tbl_ptrs[dc] == NULL || file->ac_huff_tbl_ptrs[ac] == NULL) fail(file);
        codes_make(&scan->dc[dc], file->dc_huff_tbl_ptrs[dc]);
        codes_make(&scan->ac[ac], file->ac_huff_tbl_ptrs[ac]);
        scan->components[i] =
            (ScanComponent){.dc = &scan->dc[dc], .ac = &scan->ac[ac], .dc_only = needs_dc_only(component)};
    }
    segment_take(file, scan);
    file->entropy = &scan->decoder;
}

/* Progressive files */

/* A scan of AC coefficients that are not needed. */
static bool scan_skippable(const struct jpeg_decompress_struct *file) {
    return file->Ss > 0 && needs_dc_only(file->cur_comp_info[0]);
}

/* To the marker after the scan, over those of restarts. */
static void scan_skip(j_decompress_ptr file) {
    const uint8_t *from = file->src->next_input_byte, *const end = from + file->src->bytes_in_buffer, *mark;
    for (;; from = mark + 2) {
        mark = memchr(from, 0xff, (size_t)(end - from));
        if (mark == NULL || end - mark < 2) fail(file);
        if (mark[1] != 0 && (mark[1] < JPEG_RST0 || mark[1] > JPEG_RST0 + 7)) break;
    }
    file->src->next_input_byte = mark;
    file->src->bytes_in_buffer = (size_t)(end - mark);
    file->inputctl->finish_input_pass(file);
}

/* Where the first AC coefficients are not all known in full, libjpeg smooths each row by how far the last scan came. */
static bool will_smooth(const struct jpeg_decompress_struct *file) {
    for (int i = 0; i < file->num_components; i++)
        for (int place = 1; place < 10; place++)
            if (file->coef_bits[i][place] != 0) return true;
    return false;
}

static void read_scans(j_decompress_ptr file) {
    bool skipped = false; /* the last one */
    for (int reached = JPEG_ROW_COMPLETED; reached != JPEG_REACHED_EOI;) {
        reached = jpeg_consume_input(file);
        if (reached == JPEG_SUSPENDED) fail(file);
        if (reached != JPEG_REACHED_SOS) continue;
        skipped = scan_skippable(file);
        if (skipped) scan_skip(file);
    }
    if (skipped && will_smooth(file)) fail(file);
    /* Else libjpeg would wait for the rows of a last scan that was passed over. */
    file->input_iMCU_row = file->total_iMCU_rows;
}

/* Starts and ends */

static bool any_dc_only(const struct jpeg_decompress_struct *file) {
    if (file->output_width != (file->image_width + 7) / 8 || file->output_height != (file->image_height + 7) / 8)
        return false;
    for (int i = 0; i < file->num_components; i++)
        if (needs_dc_only(&file->comp_info[i])) return true;
    return false;
}

boolean jpeg_scan_start(j_decompress_ptr file) {
    jpeg_calc_output_dimensions(file);
    const bool skip = DECODER_KNOWN && any_dc_only(file) && !file->arith_code;
    file->buffered_image = skip && file->progressive_mode;
    if (!jpeg_start_decompress(file)) return FALSE;
    if (file->buffered_image) {
        read_scans(file);
        return jpeg_start_output(file, file->input_scan_number);
    }
    if (skip && !file->inputctl->has_multiple_scans) scan_take(file);
    return TRUE;
}

boolean jpeg_scan_end(j_decompress_ptr file) {
    if (file->entropy->decode_mcu == decode_mcu) segment_check_end(file, (const JpegScan *)file->entropy);
    return (!file->buffered_image || jpeg_finish_output(file)) && jpeg_finish_decompress(file);
}
