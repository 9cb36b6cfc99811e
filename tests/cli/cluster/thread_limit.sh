# Where OpenMP gives fewer threads than were asked for, the run takes those.
. cli_tools.sh
train "$SHARED/data" one --threads 1
OMP_THREAD_LIMIT=1 train "$SHARED/data" limited --threads 2
cmp one/probabilities.npy limited/probabilities.npy
grep '^threads' limited/config.ini
train "$SHARED/data" two --threads 2
OMP_DYNAMIC=true train "$SHARED/data" dynamic --threads 2
cmp two/probabilities.npy dynamic/probabilities.npy
