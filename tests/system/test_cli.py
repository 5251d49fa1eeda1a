from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from model_drift_exporter import __version__
from tests.support.exposition import Exposition
from tests.support.prediction_log import START, make_rows, write_jsonl
from tests.support.sidecar import run_command


def _once(*arguments: str | Path, code: int = 0, data: bytes | None = None) -> Exposition:
    finished = run_command("run", "--once", *arguments, data=data)
    assert finished.returncode == code, finished.stderr.decode()
    return Exposition(finished.stdout)


def _errors(found: Exposition, name: str = "log") -> dict[str, float]:
    errors = found.by("reason", "model_drift_exporter_record_errors_total", input=name)
    return {reason: count for reason, count in errors.items() if count}


def _accounted(found: Exposition) -> float:
    return (
        found.total("model_records_total")
        + found.total("model_labels_total")
        + found.total("model_drift_exporter_record_errors_total")
    )


_ROW = make_rows(1)[0]
_NASTY: list[bytes] = [
    b"",
    b"   \t",
    b"\r",
    b"not json",
    b'{"ts": 1',
    b'{"ts": 1} {"ts": 2}',
    b"[1, 2]",
    b'"text"',
    b"12",
    b"null",
    b"\xff\xfe\xfd",
    b'{"features": {"age": 1}, "id": "\xff"}',
    b"{}",
    b'{"id": "a"}',
    b'{"features": null, "prediction": "yes"}',
    b'{"features": {}, "prediction": "yes"}',
    b'{"features": [1, 2], "prediction": "yes"}',
    b'{"id": "0-1", "label": "yes"}',
    b'{"id": "0-2", "label": null}',
    b'{"features": {"age": "41", "country": 7}, "prediction": "yes"}',
    b'{"features": {"age": NaN, "country": null}, "prediction": "yes", "score": Infinity}',
    b'{"features": {"age": {"deep": {"er": [1]}}, "country": ["de"]}, "prediction": {"a": 1}, "score": "high"}',
    b'{"features": {"age": 1e400, "country": "\\ud800"}, "prediction": "\\ud800", "model_version": "\\ud800"}',
    b'{"features": {"age": 123456789012345678901234567890, "country": ""}, "prediction": ""}',
    b'{"features": {"age": true, "country": false}, "prediction": true, "score": true, "ts": true}',
    b'{"features": {"age": 1}, "features": {"age": 2}, "prediction": "no"}',
    b'{"features": {"age": 1, "": 3}, "prediction": "no"}',
    b"[" * 5_000,
    b'{"a":' * 5_000,
    b'{"features": {"age": 1, "country": "' + b"x" * 3_000 + b'"}}',
    '{"features": {"age": 1, "country": "Ünïcødé \u2028"}, "prediction": "no"}'.encode(),
    b"\xef\xbb\xbf" + json.dumps(_ROW).encode(),
]


@pytest.mark.parametrize("copies", [1, 12])
def test_every_line_of_a_nasty_file_is_accounted_for(tmp_path: Path, copies: int) -> None:
    """Records, labels and errors are exactly the non-empty lines, nothing crashes, and rejected lines are no failure."""
    rows = [json.dumps(row).encode() for row in make_rows(300, seed=1)]
    lines = _NASTY * copies
    for index, row in enumerate(rows):
        lines.insert((index * 37) % len(lines), row)
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\n".join(lines))
    found = _once("--limits.line-bytes=2KiB", "--learn.records=150", path)
    non_empty = sum(bool(line.strip()) for line in lines)
    assert _accounted(found) == non_empty
    assert found.total("model_labels_total") == 2 * copies
    errors = _errors(found)
    assert errors["line_too_long"] == 3 * copies
    assert errors["invalid_utf8"] == 2 * copies
    assert errors["not_an_object"] == 4 * copies
    assert min(errors["not_json"], errors["no_features"]) >= 3 * copies
    for name in ("age", "country"):
        counted = found.total("model_feature_observations_total", model="default", feature=name)
        assert counted == found("model_records_total", model="default")


@pytest.mark.parametrize("name", ['a\\"b', "a\\\\b", "\\u0000", "\\n", "\\ud800"])
def test_odd_names_of_features_do_no_harm(tmp_path: Path, name: str) -> None:
    """A feature may be called what JSON allows; the records that have it are counted like all others."""
    path = tmp_path / "log.jsonl"
    path.write_text(f'{{"features": {{"age": 1, "{name}": 2}}, "prediction": "no"}}\n' * 20)
    found = _once(path)
    assert found.total("model_records_total") == 20
    assert found.total("model_feature_observations_total", model="default", feature="age") == 20


def test_csv_is_accounted_for(tmp_path: Path) -> None:
    """The header is no line; rows with too many or too few cells are rejected, empty cells are missing values."""
    path = tmp_path / "log.csv"
    rows = "".join(f"{START + index},{index % 9},{'ab'[index % 2]},{index % 2}\n" for index in range(200))
    path.write_text("ts,x,colour,prediction\r\n" + rows + "1,2\n1,2,3,4,5\n\n7,,a,1\n8,nan,b,0\n9,word,b,0\n10,3,,1\n")
    found = _once(path)
    assert _accounted(found) == 206
    assert _errors(found) == {"not_csv": 2}
    numeric = found.by("bin", "model_feature_observations_total", model="default", feature="x")
    assert (numeric["__missing__"], numeric["__invalid__"]) == (2, 1)
    words = found.by("bin", "model_feature_observations_total", model="default", feature="colour")
    assert words["__missing__"] == 1


def _missing(folder: Path) -> Path:
    return folder / "no.jsonl"


def _folder(folder: Path) -> Path:
    (folder / "folder").mkdir()
    return folder / "folder"


def _unreadable(folder: Path) -> Path:
    # Root may read everything, so a permission would not do.
    (folder / "loop").symlink_to("loop")
    return folder / "loop"


def _empty_pattern(folder: Path) -> Path:
    return folder / "no-*.jsonl"


def _damaged(folder: Path) -> Path:
    path = folder / "damaged.jsonl.gz"
    whole = gzip.compress(write_jsonl(folder / "whole", make_rows(2_000)).read_bytes())
    path.write_bytes(whole[: len(whole) // 2])
    return path


@pytest.mark.parametrize("make", [_missing, _folder, _unreadable, _empty_pattern, _damaged])
def test_a_file_that_cannot_be_read(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    """Exit code 1 and a sentence that names it; the other files are read and their metrics printed."""
    good = write_jsonl(tmp_path / "good.jsonl", make_rows(120))
    bad = make(tmp_path)
    finished = run_command("run", "--once", good, bad)
    assert finished.returncode == 1
    found = Exposition(finished.stdout)
    assert found("model_records_total", model="default") >= 120
    assert found("model_drift_exporter_input_open_errors_total", input="log2") == (0 if make is _damaged else 1)
    assert str(bad) in finished.stderr.decode()
    assert "Traceback" not in finished.stderr.decode()


def test_what_a_damaged_archive_still_gives(tmp_path: Path) -> None:
    """The lines before the damage count, and the damage is one error."""
    found = _once(_damaged(tmp_path), code=1)
    assert 100 < found.total("model_records_total") < 2_000
    assert _errors(found) == {"invalid_gzip": 1}


def test_ways_to_give_the_same_log(tmp_path: Path) -> None:
    """A file, an archive, a pattern of several files and standard input say the same of the model."""
    rows = make_rows(600, seed=3)
    plain = write_jsonl(tmp_path / "log.jsonl", rows)
    packed = tmp_path / "log.jsonl.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    parts = tmp_path / "parts"
    parts.mkdir()
    for index in range(3):
        path = write_jsonl(parts / f"{index}.jsonl", rows[index * 200 : index * 200 + 200])
        os.utime(path, (index, index))
    texts = {
        "plain": _once(plain),
        "packed": _once(packed),
        "pattern": _once(parts / "*.jsonl"),
        "stdin": _once("-", data=plain.read_bytes()),
        "without a last newline": _once("-", data=plain.read_bytes().rstrip(b"\n")),
    }
    models = {
        name: {
            key: value
            for key, value in found.samples.items()
            if key[0].startswith("model_") and not key[0].startswith("model_drift_exporter_input")
            and not key[0].startswith("model_drift_exporter_last") and "record_errors" not in key[0]
        }
        for name, found in texts.items()
    }  # fmt: skip
    assert len(models["plain"]) > 300
    for name, samples in models.items():
        # Evidence is a running sum: its last digits depend on how records were cut into batches.
        assert samples == pytest.approx(models["plain"], rel=1e-9), name


def test_a_slow_pipe_is_read_whole(tmp_path: Path) -> None:
    """Records that come through a pipe in pieces, cut in the middle of a line, are read as they are."""
    data = write_jsonl(tmp_path / "rows", make_rows(120)).read_bytes()
    process = subprocess.Popen(
        [sys.executable, "-m", "model_drift_exporter", "run", "--once", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
    )
    with process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(data[:1_000])
        process.stderr.readline()  # it has begun to learn, so it has read the first piece
        process.stdin.write(data[1_000:])
        output, _ = process.communicate(timeout=120)
    found = Exposition(output)
    assert found("model_records_total", model="default") == 120
    assert found.total("model_drift_exporter_record_errors_total") == 0


def test_models_beyond_the_limit(tmp_path: Path) -> None:
    """Twenty models are kept apart, the records of the others are together under __other__."""
    rows = [row | {"model": f"m{index % 25:02d}"} for index, row in enumerate(make_rows(500))]
    found = _once(write_jsonl(tmp_path / "log.jsonl", rows))
    records = found.by("model", "model_records_total")
    assert records == {**{f"m{index:02d}": 20.0 for index in range(20)}, "__other__": 100.0}


def test_a_reference_for_another_model(tmp_path: Path) -> None:
    """A reference is kept to its model; another model in the log learns its own, features of its own included."""
    rows = write_jsonl(tmp_path / "rows.jsonl", make_rows(300, model="churn"))
    assert run_command("profile", rows, "-o", tmp_path / "r.json").returncode == 0
    other = [
        {"ts": START + index, "model": "fraud", "features": {"amount": index % 31 + 0.5}, "prediction": "ok"}
        for index in range(150)
    ]
    log = write_jsonl(tmp_path / "log.jsonl", make_rows(50, model="churn") + other)
    found = _once(f"--reference={tmp_path / 'r.json'}", "--learn.records=100", log)
    assert found.by("model", "model_reference_learned") == {"churn": 0, "fraud": 1}
    assert found.total("model_feature_observations_total", model="fraud", feature="amount") == 150
    assert not found.select("model_feature_observations_total", model="churn", feature="amount")


def test_a_reference_that_does_not_fit(tmp_path: Path) -> None:
    """Where the log lacks the reference's features and has others, both are counted; nothing fails."""
    rows = write_jsonl(tmp_path / "rows.jsonl", make_rows(300))
    assert run_command("profile", rows, "-o", tmp_path / "r.json").returncode == 0
    log = write_jsonl(tmp_path / "log.jsonl", [row | {"features": {"height": 1.8}} for row in make_rows(40)])
    found = _once(f"--reference={tmp_path / 'r.json'}", log)
    assert found("model_records_total", model="default") == 40
    assert found("model_reference_features_absent", model="default") == 2
    assert found("model_drift_exporter_unknown_features") == 1
    assert found("model_feature_observations_total", model="default", feature="age", bin="__missing__") == 40


def test_usage_and_configuration_mistakes(tmp_path: Path) -> None:
    """All mistakes at once, exit code 2, and nothing on standard output."""
    (tmp_path / "c.yml").write_text("windows: [soon]\nlimits:\n  models: many\n")
    finished = run_command("run", f"--config.file={tmp_path / 'c.yml'}", "--learn.records=1")
    assert (finished.returncode, finished.stdout) == (2, b"")
    text = finished.stderr.decode()
    assert all(part in text for part in ("c.yml:1:11", "c.yml:3:11", "--learn.records"))
    finished = run_command("run", "--once")
    assert (finished.returncode, finished.stdout) == (2, b"")
    assert b"nothing to read; give a LOG" in finished.stderr
    assert run_command("run", "--no-such-flag").returncode == 2
    (tmp_path / "r.json").write_text("{}")
    finished = run_command("run", "--once", f"--reference={tmp_path / 'r.json'}", tmp_path / "log.jsonl")
    assert (finished.returncode, finished.stdout) == (2, b"")
    assert finished.stderr.startswith(b"error: ")


def test_profile_exit_codes(tmp_path: Path) -> None:
    """0 with a profile, 1 for a file that cannot be read, 2 where no profile can be built."""
    rows = write_jsonl(tmp_path / "rows.jsonl", make_rows(200))
    assert run_command("profile", rows, "-o", tmp_path / "r.json").returncode == 0
    assert run_command("profile", tmp_path / "no.jsonl", "-o", tmp_path / "s.json").returncode == 1
    (tmp_path / "empty.jsonl").touch()
    finished = run_command("profile", tmp_path / "empty.jsonl", "-o", tmp_path / "s.json")
    assert finished.returncode == 2
    assert not (tmp_path / "s.json").exists()
    assert run_command("profile", rows, "-o", tmp_path / "no" / "r.json").returncode == 2


def test_help_and_version() -> None:
    """Every command explains itself."""
    assert run_command("--version").stdout.decode().strip().endswith(__version__)
    for command in ("run", "profile", "check", "demo"):
        finished = run_command(command, "--help")
        assert finished.returncode == 0
        assert command in run_command("--help").stdout.decode()
        assert b"Usage: model-drift-exporter " + command.encode() in finished.stdout


def test_the_sidecar_imports_no_heavy_library(tmp_path: Path) -> None:
    """What only tests, profiles of Parquet or notebooks need is not in the memory of a running sidecar."""
    log = write_jsonl(tmp_path / "log.jsonl", make_rows(120))
    program = (
        "import sys\n"
        "from model_drift_exporter.cli import cli\n"
        f"cli(['run', '--once', {str(log)!r}], standalone_mode=False)\n"
    )
    probe = "import atexit, sys\natexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))\n"
    finished = subprocess.run([sys.executable, "-c", probe + program], capture_output=True, check=True, timeout=60)
    loaded = {name.partition(".")[0] for name in finished.stderr.decode().split()}
    assert "numpy" in loaded
    assert loaded.isdisjoint({"scipy", "pandas", "pyarrow", "rich", "prometheus_client", "matplotlib"})
