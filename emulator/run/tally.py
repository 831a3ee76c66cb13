"""What was counted and is not saved yet; it writes nothing: the journal's batches take it along."""

from collections.abc import Callable, Mapping

Counts = Mapping[str, Mapping[str, int]]


class Tally:
    """Counts of one server. `stirred` is called when there is something to save."""

    def __init__(self) -> None:
        self.stirred: Callable[[], object] = lambda: None
        self._counts: dict[str, dict[str, int]] = {}

    def __bool__(self) -> bool:
        return bool(self._counts)

    def add(self, namespace: str, counter: str) -> None:
        """Count one more."""
        counts = self._counts.setdefault(namespace, {})
        counts[counter] = counts.get(counter, 0) + 1
        self.stirred()

    def take(self) -> Counts:
        """All that was counted since the last time, by namespace and counter."""
        taken, self._counts = self._counts, {}
        return taken
