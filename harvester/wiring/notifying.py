"""Composition of what tells people."""

from datetime import timedelta

import structlog

from harvester.adapters.notifying import AppriseNotifier
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.notices import PostgresNotices
from harvester.config.settings import Settings
from harvester.domain.notice import NoticeKind
from harvester.ports import Clock
from harvester.usecases.notify import Notify

log = structlog.get_logger()


def make_notifier(settings: Settings) -> AppriseNotifier:
    """Its `check` raises Misconfigured for an address that is none; without addresses it costs nothing."""
    secrets = [settings.database_url] if settings.database_url else []
    for account in settings.accounts.values():
        secrets += [account.client_secret, account.refresh_token]
        if account.selling_partner is not None:
            secrets += [account.selling_partner.client_secret, account.selling_partner.refresh_token]
    return AppriseNotifier(
        urls=[url.get_secret_value() for url in settings.notify_urls],
        hidden=[secret.get_secret_value() for secret in secrets],
        trouble=_notification_failed,
    )


def notify(settings: Settings, database: Database, clock: Clock) -> Notify:
    return Notify(
        notices=PostgresNotices(database),
        notifier=make_notifier(settings),
        clock=clock,
        every=timedelta(seconds=settings.notify_every),
        accounts=list(settings.accounts),
        kinds=[NoticeKind(kind) for kind in settings.notify_about or NoticeKind],
    )


def _notification_failed(address: str, why: str) -> None:
    log.warning("notification.failed", address=address, error=why)
