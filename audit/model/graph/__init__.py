"""The signature's graph, frozen: walking it, cutting it, feeding it."""
