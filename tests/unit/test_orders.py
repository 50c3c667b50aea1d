"""What people say while the service runs, as its log tells it."""

from harvester.domain.ids import ProfileId
from harvester.domain.orders import Order, Orders, Said, changes
from harvester.domain.profile import Mode

ONE = ProfileId("1")


def test_what_holds_at_the_start_is_told() -> None:
    """And nothing else."""
    now: Orders = {None: Order(paused_by="Kim", mode_by="Kim"), ONE: Order(paused=True, paused_by="Dana")}

    assert list(changes({}, now)) == [Said("sending.paused", ONE, "Dana")]


def test_each_change_is_told_once_and_by_whom() -> None:
    """A pause and a mode, set and lifted, for all and for one profile."""
    before: Orders = {None: Order(paused=True, paused_by="Kim"), ONE: Order(mode=Mode.REVIEW, mode_by="Kim")}
    now: Orders = {
        None: Order(paused=False, paused_by="Lee", mode=Mode.DRY_RUN, mode_by="Max"),
        ONE: Order(mode=None, mode_by="Dana"),
    }

    assert list(changes(before, now)) == [
        Said("sending.resumed", None, "Lee"),
        Said("mode.narrowed", None, "Max", Mode.DRY_RUN),
        Said("mode.lifted", ONE, "Dana"),
    ]
    assert list(changes(now, now)) == []
