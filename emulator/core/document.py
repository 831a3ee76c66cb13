"""A PDF as the model gets it: the text of its pages and the sizes of their pictures; it reads none."""

from emulator.core.records import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """One input file. `texts` are those of its pages, `sizes` their pictures' in pixels.

    A file that nobody can look into, such as one behind a URL, has a name and nothing else.
    """

    name: str = ""
    texts: tuple[str, ...] = ()
    sizes: tuple[tuple[int, int], ...] = ()

    @property
    def text(self) -> str:
        """The text of all pages, two line breaks between them."""
        return "\n\n".join(self.texts)

    @property
    def pages(self) -> int:
        """How many pages it has."""
        return len(self.sizes)
