# STL-10's binary version: its folder, and the folder that holds it, are the same data set.
mkdir stl10_binary
head -c $((3 * 27648)) /dev/zero >stl10_binary/train_X.bin
head -c $((2 * 27648)) /dev/zero >stl10_binary/test_X.bin
printf '\001\012\003' >stl10_binary/train_y.bin
printf '\001\002' >stl10_binary/test_y.bin
printf '%s\n' airplane bird car cat deer dog horse monkey ship truck >stl10_binary/class_names.txt
spica info stl10_binary
echo --
spica info . >parent.txt
spica info stl10_binary | cmp - parent.txt
