"""Two models on the same rows: what each measurement of the one says beside that of the other."""
