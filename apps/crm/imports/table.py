"""Reading one CSV file: first everything that would make the whole file useless, then row by row."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from apps.core.errors import InvalidInput

DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}
BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
MAX_FIELD = 131_072


@dataclass(frozen=True, kw_only=True)
class Row:
    """One record: the line it begins on (the header is line 1) and its cells, or why there are none."""

    number: int
    cells: dict[str, str]
    problem: str = ""


class Table:
    """A CSV file with a header. InvalidInput when it cannot be read as such; the constructor looks at all of it."""

    def __init__(self, path: Path, columns: Sequence[str], *, delimiter: str = ",", encoding: str = "utf-8") -> None:
        self.path = path
        self.delimiter = delimiter
        self.encoding = "utf-8-sig" if codecs_name(encoding) == "utf-8" else encoding
        if len(delimiter) != 1:
            raise InvalidInput(f"The delimiter of {path.name} must be one character, not {delimiter!r}.")
        self.lines = self._count_lines()
        self.header = self._header(columns)

    def rows(self) -> Iterator[Row]:
        with self.path.open(encoding=self.encoding, newline="") as file:
            reader = self._reader(file)
            next(reader)
            while True:
                number = reader.line_num + 1
                try:
                    cells = next(reader)
                except StopIteration:
                    return
                except csv.Error as error:
                    yield Row(
                        number=number, cells={}, problem=f"is no CSV: {error}; look for a quote that is not closed"
                    )
                    continue
                if cells:
                    yield self._row(number, cells)

    def _row(self, number: int, cells: list[str]) -> Row:
        if len(cells) != len(self.header):
            problem = f"has {len(cells)} cells, the header {len(self.header)}"
            return Row(number=number, cells={}, problem=problem)
        return Row(number=number, cells=dict(zip(self.header, cells, strict=True)))

    def _reader(self, file: TextIO) -> Any:
        csv.field_size_limit(MAX_FIELD)
        return csv.reader(file, delimiter=self.delimiter, strict=True)

    def _count_lines(self) -> int:
        """Decode the whole file once, so that a wrong encoding is found before anything is written."""
        lines = 0
        try:
            with self.path.open("rb") as file:
                if file.read(2) in BOMS:
                    raise InvalidInput(f'{self.path.name} is UTF-16. Save it as UTF-8, or state "encoding": "utf-16".')
            with self.path.open(encoding=self.encoding, newline="") as file:
                while chunk := file.read(1 << 20):
                    lines += chunk.count("\n")
        except UnicodeDecodeError as error:
            raise InvalidInput(
                f"{self.path.name} is not {self.encoding.removesuffix('-sig').upper()}: near line {lines + 1} there is byte"
                f' 0x{error.object[error.start]:02x}. Save it as UTF-8, or state its "encoding" in the mapping.'
            ) from None
        except FileNotFoundError:
            raise InvalidInput(f"There is no {self.path.name} in {self.path.parent}.") from None
        except OSError as error:
            raise InvalidInput(f"{self.path} cannot be read: {error.strerror}.") from None
        return lines

    def _header(self, columns: Sequence[str]) -> list[str]:
        with self.path.open(encoding=self.encoding, newline="") as file:
            try:
                header = [name.strip() for name in next(self._reader(file), [])]
            except csv.Error as error:
                raise InvalidInput(f"{self.path.name} does not begin with a header: {error}.") from None
        if not any(header):
            raise InvalidInput(f"{self.path.name} is empty; it needs a header.")
        if missing := [name for name in columns if name not in header]:
            raise InvalidInput(f"{self.path.name} lacks {', '.join(missing)}. {self._hint(header)}")
        if repeated := sorted({name for name in header if header.count(name) > 1}):
            raise InvalidInput(f"{self.path.name} has {', '.join(repeated)} twice in its header; rename one.")
        return header

    def _hint(self, header: list[str]) -> str:
        for other, name in DELIMITERS.items():
            if len(header) == 1 and other != self.delimiter and other in header[0]:
                return f'Its cells seem to be separated by {name}: state "delimiter": {other!r} in the mapping.'
        return f"Its header has {', '.join(header)[:300]}."


def codecs_name(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise InvalidInput(f"{encoding!r} is not an encoding; use one such as utf-8 or cp1252.") from None
