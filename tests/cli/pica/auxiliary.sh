# Auxiliary pictures take part in the over-clustering head's passes: others of the same number make another model.
# Without that head they change nothing.
. cli_tools.sh

# brief RUN ARGUMENT...: an epoch of a small network
brief() {
    train "$SHARED/data" "$@" --method pica --set pica.backbone=wrn10-1 --set pica.epochs=1
}

mkdir more other
make_idx more --count 40
make_idx other --count 40 --classes 2
brief helped --auxiliary more
brief otherwise --auxiliary other
cmp -s helped/model.safetensors otherwise/model.safetensors && echo "the auxiliary pictures changed nothing"
brief alone --set pica.overclusters=0
brief unhelped --set pica.overclusters=0 --auxiliary more
same alone unhelped

# A run does not go on with others.
cp other/* more/
try cluster "$SHARED/data" -o helped --recipe helped/config.ini --quiet
