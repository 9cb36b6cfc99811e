# Precision, recall and F1 of each class by the cluster that is matched to it. The classes of three clusters are two, so
# cluster 2 counts as wrong. scikit-learn 1.2: precision 0.666667 and 1, recall 0.5 and 0.666667, F1 0.571429 and 0.8;
# macro-F1 0.685714, balanced accuracy 0.583333.
printf 'path,cluster,label\na,0,x\nb,0,x\nc,0,y\nd,1,y\ne,1,y\nf,2,x\ng,2,x\n' >seven.csv
spica eval seven.csv
spica eval seven.csv --json | tr -d ' \n' | grep -o '"macro_f1".*\]'
# Without labels there are no such figures.
spica eval seven.csv --labels none
