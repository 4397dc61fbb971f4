"""What was drawn into a media folder before, so that a filling that was killed goes on where it was.

A file of JSON lines beside the pictures, <folder>/drawn.jsonl; a line that was cut off, or of other drawings than today's, does not count.
"""

from pathlib import Path

import msgspec

from storefront.catalog.demo.pictures.composing import PictureOrder
from storefront.catalog.media import StoredPicture
from storefront.platform.release import fingerprint

DRAWINGS = Path(__file__).parent / "pictures"


class _Line(msgspec.Struct, frozen=True):
    drawings: str
    order: PictureOrder
    picture: StoredPicture


class Portfolio:
    """`known` is what is there already."""

    def __init__(self, folder: Path) -> None:
        self._drawings = fingerprint([DRAWINGS])
        self._file = folder / "drawn.jsonl"
        self.known = {line.order: line.picture for line in self._lines() if _is_there(folder, line.picture)}

    def _lines(self) -> list[_Line]:
        if not self._file.exists():
            return []
        found: list[_Line] = []
        for text in self._file.read_bytes().splitlines():
            try:
                line = msgspec.json.decode(text, type=_Line)
            except msgspec.DecodeError:
                continue
            if line.drawings == self._drawings:
                found.append(line)
        return found

    def note(self, order: PictureOrder, picture: StoredPicture) -> None:
        """Remembers a picture that has just been kept."""
        with self._file.open("ab") as file:
            file.write(b"\n" + msgspec.json.encode(_Line(self._drawings, order, picture)))  # a line that was cut off before ends here


def _is_there(folder: Path, picture: StoredPicture) -> bool:
    name = picture.url.removeprefix("/media/")
    return (folder / name[:2] / name).is_file()
