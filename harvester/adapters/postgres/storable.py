"""Text in the form that Postgres can hold."""


def storable(value: str) -> str:
    """Postgres keeps no NUL and no half of a surrogate pair in a text: both become a replacement character."""
    return value.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
