from __future__ import annotations

import pytest

from model_drift_exporter.check_guesses import guess_format


@pytest.mark.parametrize(
    ("data", "name", "seems"),
    [
        (b'{"a": 1}\n', "jsonl", None),
        (b"a,b\n1,2\n", "csv", None),
        (b'{"a": 1}\n', "csv", "JSON lines"),
        (b"a;b;c\n1;2;3\n", "csv", None),
        (b"a\tb\n1\t2\n", "csv", None),
        (b"a,b,c\n1,2,3\n", "jsonl", "CSV"),
        (b'\n[{"a": 1},\n', "jsonl", "one JSON array"),
        (b'{\n"a": 1}\n', "jsonl", "JSON over several lines"),
        (b"<log a=1, b=2, c=3>\n", "jsonl", None),
        (b"PAR1\x15\n", "csv", "a Parquet file"),
        (b"\x1f\x8b\x08\n", "jsonl", "compressed with gzip twice"),
        (b"\x28\xb5\x2f\xfd\n", "jsonl", "compressed with Zstandard"),
        (b"\xff\xfe{\x00\n", "jsonl", "UTF-16 text"),
    ],
)
def test_what_a_file_seems_to_be(data: bytes, name: str, seems: str | None) -> None:
    """Common mix-ups of formats are recognised by the beginning of a file, and each comes with advice."""
    guess = guess_format(data, name)
    assert (guess and guess[0]) == seems
    assert guess is None or guess[1]
