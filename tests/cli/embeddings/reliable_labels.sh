# Labels with a mark for what has none: written with -100, and compared with labels by row and by path.
. cli_tools.sh
. cli_arrays.sh
# Rows 0 to 4 are those of eval/known_scores.sh: ACC 4/5.
printf '\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\234\377\377\377\377\377\377\377' | array '<i4' False '(7,)' >reliable.npy
printf '\7\7\11\11\11\7\7' | array '|u1' False '(7,)' >label.npy
printf '%s\n' a b c d e f g >names.txt
printf 'path,label\ne,y\nd,y\nc,y\nb,x\na,x\nf,x\ng,x\n' >labels.csv
spica eval reliable.npy --labels label.npy --quiet | head -2
spica eval reliable.npy --labels labels.csv --paths names.txt 2>&1 | head -3
echo -- of a run
printf 'path,cluster\n' >table.csv
printf '%s,0\n' a b c d e f >>table.csv
printf 'g,1\n' >>table.csv
spica eval table.csv --labels label.npy --quiet | head -2
spica cluster --no-report "$SHARED/run/embeddings.npy" -k 3 -o run --recipe "$TOPICS/tiny.ini" --set reliable.mark=-100 \
    --set reliable.consistency=0.9 --quiet >/dev/null
tail -c +129 run/reliable.npy | od -An -v -td4 -w4 | tr -d ' ' >labels.txt
paste -d' ' labels.txt - <<END | sort -u | sed 's/^[0-2] 1/label 1/' | sort -u
$(column reliable run/clusters.csv)
END
echo -- wrong
try eval reliable.npy table.csv
try eval table.csv reliable.npy
printf '\7\7' | array '|u1' False '(2,)' >two.npy
try eval reliable.npy --labels two.npy
printf '\377\377\377\377' | array '<i4' False '(1,)' >none.npy
try eval none.npy
printf '\100\102\17\0' | array '<i4' False '(1,)' >large.npy
try eval large.npy
try eval "$SHARED/run/embeddings.npy"
