# The named options come from the option table, with their defaults.
spica cluster --no-report --help
