"""matplotlib's backend in the sandbox: agg, and a `show` that keeps each figure as PNG; it loads no matplotlib."""

import io
import sys
from typing import Any

# The name under which matplotlib is told to look for a backend (MPLBACKEND).
BACKEND = f"module://{__name__}"

_taken: list[bytes] = []


def __getattr__(name: str) -> Any:
    if name == "FigureCanvas":
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # type: ignore[import-not-found, unused-ignore]

        globals()[name] = FigureCanvasAgg  # it is asked for first, then taken from the module's own names
        return FigureCanvasAgg
    raise AttributeError(name)


def show(*_: Any, **__: Any) -> None:
    """Keep every open figure and close it, as a notebook does."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for number in pyplot.get_fignums():
        picture = io.BytesIO()
        pyplot.figure(number).savefig(picture, format="png")
        _taken.append(picture.getvalue())
    pyplot.close("all")


def take() -> list[bytes]:
    """The figures shown since the last time, with those left open; each is a PNG."""
    show()
    taken = list(_taken)
    _taken.clear()
    return taken
