"""A `Report` to files, one file a format; `registry` is the table from a file name to what writes it."""
