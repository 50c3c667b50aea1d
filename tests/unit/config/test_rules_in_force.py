"""The rules file while the service runs."""

import asyncio
from pathlib import Path

from harvester.config.rules_in_force import RulesInForce

ONE = "version: 1\nrules:\n  - {name: one, when: {all: [{clicks: {at_least: 1}}]}, then: {promote: {match: [exact]}}}\n"
TWO = ONE.replace("one", "two")


class Told:
    """Waits for what a watcher tells."""

    def __init__(self) -> None:
        self.changes: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()

    def __call__(self, rules: RulesInForce) -> None:
        self.changes.put_nowait((rules.current.rules[0].name, rules.error is not None))

    async def next(self) -> tuple[str, bool]:
        async with asyncio.timeout(20):
            return await self.changes.get()


async def test_a_changed_file_is_in_force_and_a_broken_one_is_not(tmp_path: Path) -> None:
    """The old rules stay, loudly, until the file can be read again; a file put in its place is seen too."""
    file, told = tmp_path / "rules.yaml", Told()
    file.write_text(ONE)
    rules = RulesInForce.load(lambda: file, told)
    watcher = asyncio.create_task(rules.watch())
    try:
        file.write_text(TWO)
        assert await told.next() == ("two", False)

        file.write_text(TWO + "surprise: true\n")
        assert await told.next() == ("two", True)
        assert "surprise" in str(rules.error)

        other = tmp_path / "other.yaml"
        other.write_text(ONE)
        other.replace(file)
        assert await told.next() == ("one", False)

        file.unlink()
        assert await told.next() == ("one", True)
    finally:
        watcher.cancel()


async def test_a_file_that_goes_does_not_bring_the_built_in_rules(tmp_path: Path) -> None:
    """Where the service found the file by itself too: deleting it must not change what is promoted."""
    file, told = tmp_path / "rules.yaml", Told()
    file.write_text(ONE)
    rules = RulesInForce.load(lambda: file if file.exists() else None, told)

    file.unlink()
    rules.reload()

    assert await told.next() == ("one", True)
    assert rules.error == "the rules file is gone; to go on with the built-in rules, start anew"
