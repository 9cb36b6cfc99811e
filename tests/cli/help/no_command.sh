spica
