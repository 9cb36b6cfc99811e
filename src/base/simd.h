/* Vector instructions, chosen when the program runs. */
#ifndef SPICA_BASE_SIMD_H
#define SPICA_BASE_SIMD_H

/* Before a function whose loops are worth compiling for AVX2+FMA and AVX-512 too; the loader picks the best version
 * the machine has. Only plain loops: no intrinsics inside. Sanitizers run before the loader's choice and break it, so
 * their builds have the default version alone. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) &&               \
    !defined(__SANITIZE_THREAD__)
#define SIMD_VERSIONS __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define SIMD_VERSIONS
#endif

#endif
