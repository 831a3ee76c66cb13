"""The namespaces of a server: opened by name, kept in the store, read again when another server changed them."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import orjson

from emulator.core.clock import Clock, monotonic
from emulator.core.errors import ApiError
from emulator.core.ids import Ids, new_key
from emulator.core.seal import key_of
from emulator.core.webhooks import EVENTS, OWN_WEBHOOK
from emulator.documents.reader import Documents
from emulator.run.fixture_files import FixtureFiles
from emulator.run.namespace import Namespace
from emulator.run.tally import Tally
from emulator.script.fault import named, read_fault
from emulator.script.limit import read_limit
from emulator.script.load import from_source
from emulator.script.order import joined, ordered
from emulator.settings import Settings
from emulator.store import namespaces as rows
from emulator.store import webhooks
from emulator.store.engine import Store
from emulator.store.namespaces import NamespaceRow, Script
from emulator.store.webhooks import WebhookRow

if TYPE_CHECKING:
    from emulator.sandbox.room import Sandbox

NUMBERS_AT_ONCE = 1_000  # ids of a seeded namespace that one server reserves
MOST_IDS = 16  # that one request makes
SCOPES = tuple(rows.SCOPES)


class Namespaces:
    """All that one server has open. `clock` is the machine's, on which every namespace's stands."""

    def __init__(self, settings: Settings, store: Store, clock: Clock, ids: Ids) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.ids = ids
        self.stopping = asyncio.Event()
        self.files = FixtureFiles(None)
        self.documents = Documents(draw=settings.pdf_pages)
        self.sandbox: Sandbox | None = None  # set by the app where code is really run
        self.tally = Tally()
        self._open: dict[str, Namespace] = {}
        self._began = clock.now()

    async def open(self, name: str) -> Namespace:
        """The namespace of that name as it is now; made where nobody has used it."""
        namespace = self._open.get(name)
        if namespace is None:
            row = await self._use(name)
            namespace = self._open.get(name)  # who asked at the same moment may have been quicker
            if namespace is None:
                namespace = self._made(row)
                await self._follow(namespace, row)
        elif self.store.shared:
            row = await self._row(name)
            if row.revision != namespace.revision:
                await self._follow(namespace, row)
        self.files.look(monotonic())
        if namespace.from_files is not self.files.fixtures:
            self._script(namespace)
        if namespace.ids.left < MOST_IDS:
            first = await self.store.write(partial(rows.take_numbers, name=name, most=NUMBERS_AT_ONCE))
            namespace.ids.reserve(first, NUMBERS_AT_ONCE)
        return namespace

    async def change(self, namespace: Namespace, **values: Any) -> None:
        """Set columns of a namespace's row; this server follows at once, others with their next request."""
        await self.store.write(partial(rows.change, name=namespace.name, **values))
        if "seed" in values:  # the same one again begins again
            self._seed(namespace, values["seed"])
        await self.refresh(namespace)

    async def refresh(self, namespace: Namespace) -> None:
        """Remember the namespace as the store has it."""
        await self._follow(namespace, await self._row(namespace.name))

    async def _row(self, name: str) -> NamespaceRow:
        return await self.store.read(partial(rows.get, name=name)) or await self._use(name)

    async def _follow(self, namespace: Namespace, row: NamespaceRow) -> None:
        read = self.store.read
        changed = row.revision > 0  # one that is new has nothing yet
        scripts = await read(partial(rows.all_scripts, name=namespace.name)) if changed else []
        if (row.clock_mode, row.clock_at) != (namespace.clock.mode, namespace.clock.at):
            namespace.clock.set(row.clock_mode, row.clock_at)
        if row.seed != namespace.seed:
            self._seed(namespace, row.seed)
        namespace.seal_keys = self._seal_keys(row)
        by_kind: defaultdict[str, list[Script]] = defaultdict(list)
        for script in scripts:
            by_kind[script.kind].append(script)
        told = {setting.id: orjson.loads(setting.source) for setting in by_kind["setting"]}
        namespace.unmatched = told.get("unmatched", self.settings.unmatched)
        namespace.added = tuple(from_source(script.source) for script in by_kind["fixture"])
        self._script(namespace)
        faults = by_kind["fault"]
        namespace.faults = tuple(named(read_fault(orjson.loads(script.source)), script.id) for script in faults)
        namespace.limits = {script.id: read_limit(orjson.loads(script.source)) for script in by_kind["limit"]}
        registered = await read(partial(webhooks.registered, namespace=namespace.name)) if changed else []
        namespace.webhooks = (*self._own_webhook(namespace.name), *registered)
        namespace.revision = row.revision

    def _script(self, namespace: Namespace) -> None:
        namespace.from_files = self.files.fixtures
        namespace.fixtures = self.files.fixtures
        if namespace.added:
            namespace.fixtures = joined(ordered(namespace.added), self.files.fixtures)

    async def tell(self, namespace: Namespace, name: str, value: str) -> None:
        """Set one of the server's settings for this namespace alone, until its fixtures are reset."""
        sources = {name: orjson.dumps(value)}
        await self.store.write(partial(rows.add_scripts, name=namespace.name, kind="setting", sources=sources))
        await self.refresh(namespace)

    async def reset(self, namespace: Namespace, scope: str) -> None:
        """Empty one scope of one namespace, or `all`; nothing else is touched, and it happens at once or not at all."""
        if scope != "all" and scope not in SCOPES:
            raise ApiError(
                "invalid_value", "scope", value=scope, supported=", ".join(f"'{s}'" for s in ("all", *SCOPES))
            )
        scopes = SCOPES if scope == "all" else (scope,)
        await self.store.write(partial(rows.reset, name=namespace.name, scopes=scopes))
        await self.refresh(namespace)

    async def forget(self, name: str) -> None:
        """Remove a namespace with all that it owns."""
        await self.store.write(partial(rows.remove, name=name))
        self._open.pop(name, None)

    async def end_work(self) -> None:
        """Stop all outside work before the store is closed; what was under way counts as lost when its lease ends."""
        tasks = [task for namespace in self._open.values() for task in namespace.tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _seed(self, namespace: Namespace, seed: str | None) -> None:
        namespace.seed = seed
        namespace.ids = self.ids if seed is None else Ids(f"{seed}|{namespace.name}")

    def _own_webhook(self, name: str) -> tuple[WebhookRow, ...]:
        """What `--webhook` names: it is told of every namespace."""
        url, secret = self.settings.webhook, self.settings.webhook_secret
        if url is None or secret is None:
            return ()
        return (WebhookRow(name, OWN_WEBHOOK, url, ",".join(EVENTS), secret, self._began),)

    def _seal_keys(self, row: NamespaceRow) -> tuple[bytes, ...]:
        """The server's own key where it has one; else a seeded namespace's, so that its answers are the same again."""
        if self.settings.seal_key is not None:
            return (key_of(self.settings.seal_key),)
        secrets = (row.seed, row.seal_key or "")
        return tuple(key_of(secret) for secret in secrets if secret is not None)

    def _made(self, row: NamespaceRow) -> Namespace:
        namespace = self._open[row.name] = Namespace(
            row.name,
            self.settings,
            self.store,
            Clock(base=self.clock),
            self.ids,
            self.stopping,
            self.tally,
            sandbox=self.sandbox,
            documents=self.documents,
        )
        return namespace

    async def _use(self, name: str) -> NamespaceRow:
        row, gone = await self.store.write(
            partial(rows.use, name=name, now=self.clock.now(), most=self.settings.most_namespaces, seal_key=new_key())
        )
        for old in gone:
            self._open.pop(old, None)
        return row


def shown(row: NamespaceRow) -> Mapping[str, Any]:
    """A namespace as a list shows it."""
    return {"name": row.name, "used_at": row.used_at, "clock": row.clock_mode, "seeded": row.seed is not None}
