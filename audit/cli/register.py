"""`audit register`: registers an exported model in MLflow, its bytes unchanged."""

from audit.cli.exit_codes import PASS
from audit.cli.plain_text import plain
from audit.registry.register import register as register_model


def register(path: str, name: str) -> int:
    """Register the model at ``path`` and print the address of the new version and the digest of its bytes."""
    registered = register_model(path, name)
    print(f"{plain(registered.address, 500)}  {registered.digest}")
    return PASS
