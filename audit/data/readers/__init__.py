"""One file a format; `registry` is the table from a suffix to its reader."""
