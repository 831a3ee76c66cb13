"""The webhooks of a namespace: which may be, registered and forgotten; what they are told is in `run/deliveries.py`."""

from collections.abc import Sequence
from functools import partial

from emulator.core.egress import read_egress, target_of
from emulator.core.errors import ApiError
from emulator.core.ids import new_signing_secret
from emulator.core.webhooks import EVENTS
from emulator.run.namespace import Namespace
from emulator.run.namespaces import Namespaces
from emulator.run.watch import look_after
from emulator.settings import TABLE, Settings, SettingsError
from emulator.store import webhooks as rows
from emulator.store.webhooks import WebhookRow

MOST = 100


def check_setting(settings: Settings) -> None:
    """Raises SettingsError where the server's own webhook may not be called, or has no secret."""
    if settings.webhook is None:
        return
    if problem := url_problem(settings, settings.webhook):
        raise SettingsError(f"--webhook: {problem}")
    if settings.webhook_secret is None:
        raise SettingsError("--webhook: needs --webhook-secret here: nobody would see one that is made")


def url_problem(settings: Settings, url: str) -> str | None:
    """Why nothing can be sent to a URL, in one sentence; None where it can."""
    try:
        TABLE["webhook"].parse(url)
    except ValueError as error:
        return f"'{url}' {error}"
    target = target_of(url)
    if target is None or not read_egress(settings.egress).allows(target):
        where = f"{target.host}:{target.port}" if target else url
        return f"the egress rule does not allow '{where}': start the server with --egress loopback, or {where}"
    return None


async def add(namespaces: Namespaces, namespace: Namespace, url: str, events: Sequence[str]) -> WebhookRow:
    """Register a webhook, with a new secret; raises `bad_control`."""
    if problem := url_problem(namespace.settings, url):
        raise ApiError("bad_control", reason=f"'url': {problem}")
    if len(namespace.webhooks) >= MOST:
        raise ApiError("bad_control", reason=f"a namespace has {MOST} webhooks at most")
    row = WebhookRow(
        namespace=namespace.name,
        id=namespace.ids.token("webhook_", 22),
        url=url,
        events=",".join(event for event in EVENTS if event in events),
        secret=new_signing_secret(),
        created_at=namespace.clock.now(),
    )
    await namespace.store.write(partial(rows.add, row=row))
    await namespaces.refresh(namespace)
    await look_after(namespace)
    return row


async def remove(namespaces: Namespaces, namespace: Namespace, webhook_id: str | None = None) -> int:
    """Forget one webhook, or all that were registered, with what is still to be delivered; how many went."""
    gone = await namespace.store.write(partial(rows.remove, namespace=namespace.name, webhook_id=webhook_id))
    await namespaces.refresh(namespace)
    return gone
