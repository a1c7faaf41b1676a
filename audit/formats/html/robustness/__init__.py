"""The page's section on attacks: accuracy by size and group, flipped rows, and the columns that flip them."""
