"""A moment on the command line, as people write it."""

from datetime import datetime
from typing import Any

import click


class Moment(click.DateTime):
    """A day or a time, UTC; refused in words instead of patterns."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            moment: datetime = super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(f"write a day like 2026-11-20 or a time like 2026-11-20T18:30 (UTC), not {value!r}", param, ctx)
        return moment
