"""Text from outside, made safe to print."""

_MAX_NAME_CHARACTERS = 100


def plain(text: object, longest: int = _MAX_NAME_CHARACTERS) -> str:
    """Return ``text`` on one line without what steers a terminal (a name may hold escapes, or break the line).

    It is shortened to ``longest`` characters and as many columns of a terminal.
    """
    from audit.formats.text.safe_text import dotted, fitting, width

    clean = dotted(str(text))
    if len(clean) <= longest and width(clean) <= longest:
        return clean
    return fitting(clean[: longest - 1], longest - 1) + "…"
