# The ablations that there are, with what each is about.
spica ablate --help
