"""Regular expressions that no keyword can make run for ever."""

import re

_TOKEN = re.compile(
    r"\\."  # a letter that stands for itself or for a class
    r"|\[\^?\]?(?:\\.|[^\]\\])*\]"  # a set of letters
    r"|\(\?[^:)=!<>]*|[()]"  # where a group opens and closes
    r"|(?P<least>\{\d*)(?P<most>,\d*)?\}[?+]?|(?P<many>[*+])[?+]?"
    r"|.",
    re.DOTALL,
)


def repeats_a_repeat(pattern: str) -> bool:
    """Whether a group that may come several times holds something that may come several times, as in `(a+)+`.

    A text that nearly fits is then split between the two in every possible way, which takes longer than anybody waits.
    """
    holds_repeat = [False]
    """Of the groups open here, from the outermost."""
    just_closed = False
    """The token before closed a group that holds a repeat."""
    for token in _TOKEN.finditer(pattern):
        several, varies = _repeat(token)
        if several and just_closed:
            return True
        just_closed = False
        if token[0].startswith("("):
            holds_repeat.append(False)
        elif token[0] == ")" and len(holds_repeat) > 1:
            just_closed = holds_repeat.pop()
            holds_repeat[-1] |= just_closed
        holds_repeat[-1] |= varies
    return False


def _repeat(token: re.Match[str]) -> tuple[bool, bool]:
    """Whether a token lets what is before it come more than once, and whether the number is left open."""
    if token["many"]:
        return True, True
    if token["least"] is None:
        return False, False
    least = int(token["least"][1:] or 0)
    most = least if token["most"] is None else int(token["most"][1:]) if token["most"][1:] else None
    return most is None or most > 1, most != least
