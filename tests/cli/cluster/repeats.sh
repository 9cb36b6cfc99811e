# The same command twice, and the first run's config.ini as a recipe: the same bytes.
. cli_tools.sh
train "$SHARED/data" again
same "$SHARED/run" again
spica cluster --no-report "$SHARED/data" -o third --recipe again/config.ini --quiet >/dev/null
same again third
train "$SHARED/data" other --seed 1
! cmp again/model.safetensors other/model.safetensors >/dev/null
