"""`harvester notify`: tell people what they must know, now, or that they can be reached."""

import click

from harvester.domain.errors import Misconfigured
from harvester.entrypoints.cli.app import DONE, FAILED, Invocation, emit, json_option
from harvester.entrypoints.cli.session import Session, load_settings, run
from harvester.entrypoints.cli.tables import plural
from harvester.rules.digest import trial
from harvester.wiring.notifying import make_notifier


@click.command()
@click.option("--test", "test", is_flag=True, help="Send a test message to every address instead; needs no database.")
@json_option
@click.pass_obj
def notify(invocation: Invocation, test: bool, as_json: bool) -> None:
    """Tell what is news since the last message, as `serve` does by itself. What was told is not told again."""
    run(_test(invocation, as_json) if test else _notify(invocation, as_json))


async def _test(invocation: Invocation, as_json: bool) -> int:
    notifier = make_notifier(load_settings(invocation))
    _demand_addresses(notifier.addresses)
    taken = await notifier.send(trial())
    if as_json:
        emit({"addresses": notifier.addresses, "taken": taken})
    else:
        click.echo(f"{taken} of {plural(notifier.addresses, 'address', 'addresses')} took the test message")
    return DONE if taken == notifier.addresses else FAILED


async def _notify(invocation: Invocation, as_json: bool) -> int:
    async with Session.open(invocation) as session:
        _demand_addresses(session.services.notify.notifier.addresses)
        done = await session.services.notify()
    if as_json:
        emit({"notices": done.notices, "taken": done.addresses})
    elif not done.notices:
        click.echo("nothing is news, or the last message is younger than HARVESTER_NOTIFY_EVERY")
    else:
        told = plural(done.addresses, "address", "addresses")
        click.echo(f"{plural(done.notices, 'notice')} told to {told}")
    return FAILED if done.failed else DONE


def _demand_addresses(number: int) -> None:
    if not number:
        raise Misconfigured(
            "is not set: there is nobody to tell; see docs/notifications.md", field="HARVESTER_NOTIFY_URLS"
        )
