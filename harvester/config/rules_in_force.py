"""The rules file while the service runs: read again when it changes; a broken one leaves the old rules in force."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harvester.config import rules_file
from harvester.config.rules_file import EVERYTHING, Delivered
from harvester.domain.errors import Misconfigured
from harvester.rules.ruleset import RuleSet

LOOK_EVERY_SECONDS = 0.4

_Seen = tuple[str, int, int, int] | None


@dataclass
class RulesInForce:
    find: Callable[[], Path | None]
    """The file there is now; None: the built-in rules."""
    current: RuleSet
    changed: Callable[["RulesInForce"], None]
    """Told after every change of the file, for better or worse."""
    delivered: Delivered = EVERYTHING
    error: str | None = None
    """Why the file as it is now is not in force; None: it is."""
    _seen: _Seen = field(default=None, init=False)

    @classmethod
    def load(
        cls,
        find: Callable[[], Path | None],
        changed: Callable[["RulesInForce"], None],
        delivered: Delivered = EVERYTHING,
    ) -> "RulesInForce":
        """Raises Misconfigured: a service does not start with rules that nobody can read."""
        seen = _look(find())
        rules = cls(find, rules_file.load(find(), delivered), changed, delivered)
        rules._seen = seen
        return rules

    async def watch(self) -> None:
        """A file is read once it has stopped changing: half a file may read well and mean something else."""
        before = self._seen
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            now = _look(self.find())
            if now == before != self._seen:
                self.reload()
            before = now

    def reload(self) -> None:
        """Now, whether it has changed or not."""
        had_a_file, path = self._seen is not None, self.find()
        self._seen = _look(path)
        if had_a_file and path is None:
            self.error = "the rules file is gone; to go on with the built-in rules, start anew"
        else:
            self._read(path)
        self.changed(self)

    def _read(self, path: Path | None) -> None:
        try:
            self.current = rules_file.load(path, self.delivered)
            self.error = None
        except Misconfigured as error:
            self.error = str(error)


def _look(path: Path | None) -> _Seen:
    """What shows that a file has changed; editors and config maps put a new one in its place."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return (str(path), 0, 0, 0)
    return (str(path), found.st_ino, found.st_mtime_ns, found.st_size)
