/* Vector instructions, chosen when the program runs. */
#ifndef SPICA_BASE_SIMD_H
#define SPICA_BASE_SIMD_H

/* The highest level of x86-64 that functions are compiled for: 4 (AVX-512), 3 (AVX2 and FMA), 1. Lower ones than 4 are
 * for measuring and testing what machines without these instructions get. */
#ifndef SPICA_SIMD_MOST
#define SPICA_SIMD_MOST 4
#endif

/* Before a function whose loops are worth compiling for AVX2+FMA and AVX-512 too; the loader picks the best version
 * the machine has. Only plain loops: no intrinsics inside. Sanitizers run before the loader's choice and break it, so
 * their builds have the default version alone. */
#if !defined(__x86_64__) || !defined(__GNUC__) || defined(__clang__) || defined(__SANITIZE_ADDRESS__) ||               \
    defined(__SANITIZE_THREAD__) || SPICA_SIMD_MOST < 3
#define SIMD_VERSIONS
#elif SPICA_SIMD_MOST == 3
#define SIMD_VERSIONS __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define SIMD_VERSIONS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif

#endif
