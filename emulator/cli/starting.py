"""What goes wrong at a server's start, as the exit status and line of a command; it starts nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

from emulator.cli.exits import ADDRESS, FIXTURES, SANDBOX, STORAGE, TLS, Failure


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
