# Auxiliary pictures take part in the over-clustering head's passes; without that head they change nothing.
. cli_tools.sh
mkdir more
make_idx more --count 90
train "$SHARED/data" run --method pica
train "$SHARED/data" helped --method pica --auxiliary more
cmp -s run/model.safetensors helped/model.safetensors && echo "the auxiliary pictures changed nothing"
train "$SHARED/data" alone --method pica --set pica.overclusters=0
train "$SHARED/data" unhelped --method pica --set pica.overclusters=0 --auxiliary more
same alone unhelped
