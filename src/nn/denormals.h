/* Denormal numbers as zero, for a while and on the calling thread alone.
 *
 * Adam's moments of a hidden unit that has died shrink by a factor at every step and are denormal (below 1.2e-38) after
 * some 800 steps; x86 processors then need a hundred times longer for every operation on them: the heads' training took
 * 2.4 times as long. Numbers this small change no weight. */
#ifndef SPICA_NN_DENORMALS_H
#define SPICA_NN_DENORMALS_H

#if defined(__SSE2__)
#include <immintrin.h>

#define DENORMALS_FLUSH 0x8040u /* MXCSR: flush to zero, denormals are zero */

/* Returns what denormals_restore needs. */
static inline unsigned denormals_flush(void) {
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | DENORMALS_FLUSH);
    return before;
}

static inline void denormals_restore(unsigned before) { _mm_setcsr(before); }

#else

static inline unsigned denormals_flush(void) { return 0; }
static inline void denormals_restore(unsigned before) { (void)before; }

#endif

#endif
