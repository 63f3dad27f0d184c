"""Long lists of words kept readable: one string instead of hundreds of quoted items."""


def words(text: str) -> tuple[str, ...]:
    """The words of a text, split at white space."""
    return tuple(text.split())


def phrases(text: str) -> tuple[str, ...]:
    """The phrases of a text, split at bars."""
    return tuple(text.split("|"))
