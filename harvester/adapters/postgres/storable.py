"""Text in the form that Postgres can hold."""


def storable(value: str) -> str:
    """Postgres keeps no NUL and no half of a surrogate pair in a text: both become a replacement character."""
    if value.isascii() and "\x00" not in value:
        return value
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
