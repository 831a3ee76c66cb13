"""A server's start for a command: the secret of its webhook, and what goes wrong as a status; it starts nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from emulator.cli.exits import ADDRESS, FIXTURES, SANDBOX, STORAGE, TLS, Failure, tell
from emulator.settings import Settings


def with_webhook_secret(settings: Settings) -> Settings:
    """The settings with a secret for `--webhook`; where none is set one is made and told here, this once."""
    if settings.webhook is None or settings.webhook_secret is not None:
        return settings
    from emulator.core.ids import new_signing_secret

    secret = new_signing_secret()
    tell(f"the secret of --webhook, made for this start: {secret}")
    return replace(settings, webhook_secret=secret)


@contextmanager
def start_failures() -> Iterator[None]:
    """Turn what a server's start raises into a Failure."""
    from emulator.sandbox.execution import SandboxUnavailable
    from emulator.script.fixture import FixtureError
    from emulator.server import BindError, TlsError
    from emulator.store.engine import StoreError

    try:
        yield
    except BindError as error:
        raise Failure(ADDRESS, str(error)) from error
    except TlsError as error:
        raise Failure(TLS, str(error)) from error
    except FixtureError as error:
        raise Failure(FIXTURES, str(error)) from error
    except StoreError as error:
        raise Failure(STORAGE, str(error)) from error
    except SandboxUnavailable as error:
        raise Failure(SANDBOX, str(error)) from error
