"""The Responses emulator: names that users import, loaded when first asked for; no code of its own."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.app import create_app as create_app
    from emulator.testing import Emulator as Emulator

__version__ = "0.1.0"
__all__ = ["Emulator", "__version__", "create_app"]


def __getattr__(name: str) -> Any:
    """`create_app` and `Emulator` without paying for the web framework at `import emulator`."""
    if name == "create_app":
        from emulator.app import create_app

        return create_app
    if name == "Emulator":
        from emulator.testing import Emulator

        return Emulator
    raise AttributeError(f"module 'emulator' has no attribute {name!r}")
