"""Files that several processes share: each appears complete or not at all, and a disk that fills up keeps no halves."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def appearing(path: Path) -> Iterator[IO[bytes]]:
    """What is written here is at the path when all of it is. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as file:
        half = Path(file.name)
        try:
            yield file
            file.flush()
            half.replace(path)
        except BaseException:
            half.unlink(missing_ok=True)
            raise
