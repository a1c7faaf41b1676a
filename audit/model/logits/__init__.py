"""The true logits below the head: candidates, verification on data, surrogates."""
