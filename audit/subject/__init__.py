"""The audited model on the audited rows: everything that a check may ask for, computed once."""
