spica --help
