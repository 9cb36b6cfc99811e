# examples/assign.c puts a picture where spica assign puts it.
. cli_tools.sh
{
    printf 'P5\n# made for a test\n16 16 255\n'
    tail -c +273 "$SHARED/data/train-images-idx3-ubyte" | head -c 256
} >second.pgm
example_assign "$SHARED/run" second.pgm
cluster=$(column cluster "$SHARED/run/clusters.csv" | sed -n 2p)
example_assign "$SHARED/run" second.pgm | grep -q "cluster $cluster,"
example_assign nowhere second.pgm 2>&1 && echo "exit 0" || echo "exit $?"
