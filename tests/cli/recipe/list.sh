# The list has a line with a text for each preset; a preset can be printed, saved and used as a file.
spica recipe
spica recipe spice-cifar10 >saved.ini
head -n 1 saved.ini
