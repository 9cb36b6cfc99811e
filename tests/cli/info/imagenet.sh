# ImageNet-10 out of an ImageNet folder, and Tiny-ImageNet: recognised by their files and counts, which lead to their
# recipes.
. cli_tools.sh
picture=$TOPICS/../golden/pictures/grey.png
mkdir class
for i in 0 1 2 3 4; do
    for j in 0 1 2 3 4 5 6 7 8 9; do cp "$picture" "class/ILSVRC2012_val_$i$j.JPEG"; done
done
for synset in n02056570 n02085936 n02128757 n02690373 n02692877 n03095699 n04254680 n04285008 n04467665 n07747607; do
    mkdir -p "imagenet/train/$synset" imagenet/val
    cp "$picture" "imagenet/train/$synset/${synset}_1.JPEG"
    cp -r class "imagenet/val/$synset"
done
mkdir -p imagenet/train/n01440764
cp "$picture" imagenet/train/n01440764/n01440764_1.JPEG

tell() { spica info "$@" --quiet | grep -E '^ *(kind|name|pictures|height|width|classes|recipe):'; }
tell imagenet --split test --classes imagenet10 --limit 20
echo --
# The size that the recipe asks for is only known once the data set is: the pictures are read anew.
tell imagenet --split test --classes imagenet10 --limit 20 --set run.method=pica | grep -E 'height|width|recipe'
echo --
tell imagenet --limit 20 # with a class more it is any folder of pictures
echo --
echo n01440764 tench >list
echo n02056570 penguin >>list
spica cluster --no-report imagenet -k 2 -o run --classes list --recipe "$TOPICS/tiny.ini" --set data.size=16 --method spice-self \
    --quiet >/dev/null
column label run/clusters.csv
try cluster imagenet -k 2 -o other --classes imagenet-dogs
try cluster imagenet -k 2 -o other --classes medium
test ! -e other
echo --
mkdir -p tiny/train/n01440764/images tiny/train/n02056570/images tiny/val/images
for i in 1 2; do
    cp "$picture" "tiny/train/n01440764/images/n01440764_$i.JPEG"
    cp "$picture" "tiny/train/n02056570/images/n02056570_$i.JPEG"
done
cp "$picture" tiny/val/images/val_0.JPEG
printf 'val_0.JPEG\tn02056570\t0\t0\t1\t1\n' >tiny/val/val_annotations.txt
printf 'n02056570\nn01440764\n' >tiny/wnids.txt
printf 'n01440764\ttench, Tinca tinca\nn02056570\tking penguin\n' >tiny/words.txt
tell tiny
tell tiny --split test
