"""Refuses a model whose score of a row depends on chance, on its batch or on earlier calls."""
