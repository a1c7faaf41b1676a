"""The option `--protected NAME=PRIVILEGED` of `audit run` and `audit init`."""

from audit.errors import AuditError


def parse_protected(texts: list[str]) -> dict[str, dict[str, object]]:
    """Return the privileged values of each attribute; ``|`` is between several.

    Raises:
        AuditError: a text has another form, or an attribute comes twice.
    """
    attributes: dict[str, dict[str, object]] = {}
    for text in texts:
        name, equals, privileged = text.partition("=")
        if not (name and equals and privileged):
            raise AuditError(
                where="--protected", expected="NAME=PRIVILEGED, such as sex=Male", found=repr(text)
            )
        if name in attributes:
            raise AuditError(
                where="--protected",
                expected=f"{name!r} once",
                found="twice",
                fix=f"several values: '{name}=A|B'",
            )
        attributes[name] = {"privileged": privileged.split("|")}
    return attributes
