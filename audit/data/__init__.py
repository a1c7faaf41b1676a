"""Files to labels, groups and columns: read in batches, validated once."""
