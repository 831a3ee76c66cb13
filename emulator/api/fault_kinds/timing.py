"""Faults of time: late, slow or never. They wait by the namespace's clock and change no byte."""

from starlette.types import Message

from emulator.api.fault_kinds.answers import Played
from emulator.api.fault_kinds.base import Strike
from emulator.script.incident import FIRST_TOKEN_SECONDS

DRIP_BYTES = 16
DRIP_SECONDS = 0.1


class Delay(Strike):
    """Nothing happens for a while; then the app answers."""

    async def before(self) -> None:
        """Wait."""
        self.struck = True
        await self.wire.wait(self.fault.args["delay"])


class Drip(Strike):
    """The body comes a few bytes at a time."""

    async def body(self, message: Message) -> None:
        """Send the pieces of a piece, a wait before each."""
        self.struck = True
        size, every = self.fault.args.get("bytes", DRIP_BYTES), self.fault.args.get("every", DRIP_SECONDS)
        data: bytes = message.get("body", b"")
        for at in range(0, len(data), size):
            await self.wire.wait(every)
            await self.wire.send({"type": message["type"], "body": data[at : at + size], "more_body": True})
        if not message.get("more_body", False):
            await self.wire.send({"type": message["type"], "body": b"", "more_body": False})


class SlowFirstToken(Played):
    """The first words come late; a plain answer, which has no first words, comes late as a whole."""

    async def before(self) -> None:
        """Tell the run, or wait: a plain answer would wait for its run's pace too."""
        if self.sight.stream or self.sight.body.get("background"):
            await super().before()
        else:
            self.struck = True
            await self.wire.wait(self.fault.args.get("delay", FIRST_TOKEN_SECONDS))
