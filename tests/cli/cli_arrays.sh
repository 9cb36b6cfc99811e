# Sourced by tests that make arrays of NumPy: . cli_arrays.sh

# array TYPE FORTRAN_ORDER SHAPE: a header of 128 bytes; the elements come from standard input.
array() {
    printf '\223NUMPY\001\000\166\000'
    printf '%-117s\n' "{'descr': '$1', 'fortran_order': $2, 'shape': $3, }"
    cat
}
