"""How many audits of the same rows were made: multiple testing over candidates."""
