# Auxiliary pictures take part in the over-clustering head's passes: other pictures of the same number make another
# model, the same pictures the same one. Without that head they change nothing.
. cli_tools.sh
mkdir more other
make_idx more --count 40
make_idx other --count 40 --classes 2
train "$SHARED/data" helped --method pica --auxiliary more
train "$SHARED/data" repeated --method pica --auxiliary more
same helped repeated
train "$SHARED/data" otherwise --method pica --auxiliary other
cmp -s helped/model.safetensors otherwise/model.safetensors && echo "the auxiliary pictures changed nothing"
train "$SHARED/data" alone --method pica --set pica.overclusters=0
train "$SHARED/data" unhelped --method pica --set pica.overclusters=0 --auxiliary more
same alone unhelped
