"""What a file seems to be that is not in the format it is read as."""

from __future__ import annotations

__all__ = ["guess_format"]

_MAGIC = {
    b"PAR1": ("a Parquet file", "log JSON lines or CSV; `profile` reads Parquet"),
    b"\x28\xb5\x2f\xfd": ("compressed with Zstandard", "decompress it first, or use gzip"),
    b"\xfd7zXZ": ("compressed with xz", "decompress it first, or use gzip"),
    b"BZh": ("compressed with bzip2", "decompress it first, or use gzip"),
    b"PK\x03\x04": ("a zip archive", "unpack it first, or use gzip"),
    b"\x1f\x8b": ("compressed with gzip twice", "decompress it once"),
    b"SQLite": ("an SQLite database", "export its rows as JSON lines or CSV"),
    b"\xff\xfe": ("UTF-16 text", "save it as UTF-8"),
    b"\xfe\xff": ("UTF-16 text", "save it as UTF-8"),
}


def guess_format(data: bytes, name: str) -> tuple[str, str] | None:
    """What the beginning of a file looks like, if not the format ``name``, and what to do about it."""
    for magic, seems in _MAGIC.items():
        if data.startswith(magic):
            return seems
    first = data.lstrip().split(b"\n", 1)[0].strip()
    return _not_csv(first) if name == "csv" else _not_json_lines(first)


def _not_csv(first: bytes) -> tuple[str, str] | None:
    if first.startswith(b"{"):
        return "JSON lines", "set format: jsonl for this input"
    return None


def _not_json_lines(first: bytes) -> tuple[str, str] | None:
    if first.startswith(b"["):
        return "one JSON array", "write one object a line: jq -c '.[]'"
    if first == b"{":
        return "JSON over several lines", "write one object a line: jq -c ."
    if first.count(b",") > 1 and not first.startswith((b"{", b"<")):
        return "CSV", "set format: csv for this input, or give the file a name that ends in .csv"
    return None
