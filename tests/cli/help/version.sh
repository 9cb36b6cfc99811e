spica --version
