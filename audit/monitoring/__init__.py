"""Monitoring after promotion: drift and rules on new batches, with a bound on the probability of any false alarm."""
