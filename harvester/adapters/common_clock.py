"""What time it is for all replicas alike: by the clock of their Postgres."""

from datetime import UTC, datetime, timedelta


class CommonClock:
    """This machine's clock, set by what Postgres said last; until it has said something, as it is."""

    def __init__(self) -> None:
        self.off = timedelta()
        """How far this machine's own clock is ahead of Postgres'; zero where no difference can be proven."""

    def now(self) -> datetime:
        return self.own() - self.off

    def own(self) -> datetime:
        """By this machine alone."""
        return datetime.now(UTC)

    def compare(self, asked_at: datetime, theirs: datetime, answered_at: datetime) -> None:
        """Postgres said `theirs` at some moment between these two of our own: a slow answer is no difference."""
        if asked_at <= theirs <= answered_at:
            self.off = timedelta()
        else:
            self.off = min(max(self.off, asked_at - theirs), answered_at - theirs)
