"""The directory that keeps what an audit would otherwise have to fetch or write anew."""

import os
from pathlib import Path

VARIABLE = "AUDIT_CACHE"
"""Environment variable with the directory."""


def cache_folder() -> Path:
    """Return the directory `AUDIT_CACHE`, or that of `savedmodel-audit` in the user's cache; it may not exist yet."""
    if value := os.environ.get(VARIABLE):
        return Path(os.path.expanduser(value))
    from platformdirs import user_cache_path

    return user_cache_path("savedmodel-audit", appauthor=False)
