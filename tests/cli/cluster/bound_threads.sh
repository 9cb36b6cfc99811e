# Where OpenMP binds threads to processors, a run has as many threads as otherwise.
. cli_tools.sh
train "$SHARED/data" free
OMP_PROC_BIND=true train "$SHARED/data" bound
grep '^threads' free/config.ini >free.threads
grep '^threads' bound/config.ini | cmp - free.threads
