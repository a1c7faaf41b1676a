"""Path on disk to a loaded signature, scanned before anything runs."""
