from __future__ import annotations

import csv
import gzip
import os
import tempfile
from pathlib import Path

import pytest

from model_drift_exporter.commands import profile as profile_verb
from model_drift_exporter.commands.profile import build_profiles, describe, write_profile
from model_drift_exporter.configuration.settings import (
    FeatureSettings,
    InputSettings,
    LimitSettings,
    ModelSettings,
    Settings,
)
from model_drift_exporter.errors import ConfigurationError, InputError, ReferenceProfileError, TemporaryFileError
from model_drift_exporter.reference.profile_file import load_profiles
from tests.support.prediction_log import START, Row, make_rows, write_jsonl


def _settings(*paths: Path | str, **sections: object) -> Settings:
    inputs = tuple(InputSettings(str(path), name=f"log{index}") for index, path in enumerate(paths))
    return Settings(inputs=inputs, **sections)  # type: ignore[arg-type]  # sections by name


def _write_csv(path: Path, rows: list[Row]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ts", "age", "country", "prediction", "score"])
        for row in rows:
            writer.writerow(
                [row["ts"], row["features"]["age"], row["features"]["country"], row["prediction"], row["score"]]
            )
    return path


def _write_parquet(path: Path, rows: list[Row]) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_formats_give_the_same_profile(tmp_path: Path) -> None:
    """JSON lines, CSV and Parquet, compressed or not, with the same rows have the same fingerprint."""
    rows = make_rows(2_500, seed=1)
    lines = write_jsonl(tmp_path / "rows.jsonl", rows)
    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress(lines.read_bytes()))
    paths = [lines, packed, _write_csv(tmp_path / "rows.csv", rows), _write_parquet(tmp_path / "rows.parquet", rows)]
    profiles = [build_profiles(_settings(path))[0] for path in paths]
    assert {profile.fingerprint for (profile,) in profiles} == {profiles[0][0].fingerprint}
    assert {profile.rows for (profile,) in profiles} == {2_500}
    assert profiles[0][0].model == "default"
    assert profiles[0][0].warnings == []


def test_several_models_in_several_files(tmp_path: Path) -> None:
    """Each model of the rows has a profile, whatever files its rows are in."""
    one = write_jsonl(tmp_path / "a.jsonl", make_rows(60, model="a") + make_rows(30, model="b"))
    two = write_jsonl(tmp_path / "b.jsonl", make_rows(60, seed=2, model="b") + make_rows(25, seed=3))
    profiles, _ = build_profiles(_settings(one, two, model=ModelSettings(name="mine")))
    assert {profile.model: profile.rows for profile in profiles} == {"a": 60, "b": 90, "mine": 25}


def test_rejected_lines_are_noted(tmp_path: Path) -> None:
    """What was left out is said with its reason and counted in the profile, once although the rows are read twice."""
    path = write_jsonl(tmp_path / "rows.jsonl", make_rows(60))
    with path.open("a") as file:
        file.write('not json\n[1]\n[2]\n{"id": 1, "label": "yes"}\n')
    profiles, notes = build_profiles(_settings(path))
    assert profiles[0].rows == 60
    assert (profiles[0].lines, profiles[0].rejected_lines) == (63, 3)
    assert notes == [
        "2 lines rejected as not_an_object",
        "1 lines rejected as not_json",
        "1 lines with a label only were left out: a reference row carries its label itself",
    ]


def test_a_csv_header_that_cannot_be_read_is_noted(tmp_path: Path) -> None:
    """The other files make the profile; with no other file the error says why there is none."""
    good = _write_csv(tmp_path / "good.csv", make_rows(50))
    bad = tmp_path / "bad.csv"
    bad.write_bytes(b"id,age,age\n" + b"u77,41,1\n" * 3)
    profiles, notes = build_profiles(_settings(good, bad))
    assert profiles[0].rows == 50
    assert f"{bad}: the header could not be read (column 2 has the name of another)" in notes[0]
    with pytest.raises(ReferenceProfileError, match=r"no record with features in .*; .*the header could not be read"):
        build_profiles(_settings(bad))


def test_progress_grows_to_the_end(tmp_path: Path) -> None:
    """The share done grows from file to file and pass to pass, up to 1."""
    for name in "abc":
        write_jsonl(tmp_path / f"{name}.jsonl", make_rows(50))
    shares: list[float] = []
    build_profiles(_settings(tmp_path / "*.jsonl"), shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert any(0.1 < share < 0.4 for share in shares)


def test_features_can_be_chosen(tmp_path: Path) -> None:
    """Included, excluded and forced features are as the settings say."""
    path = write_jsonl(tmp_path / "rows.jsonl", make_rows(200))
    for features, expected in (
        (FeatureSettings(include=("age",)), {"age": "numeric"}),
        (FeatureSettings(exclude=("age",)), {"country": "categorical"}),
        (FeatureSettings(kinds={"age": "categorical"}), {"age": "categorical", "country": "categorical"}),
    ):
        (profile,), _ = build_profiles(_settings(path, features=features))
        assert {column.name: column.kind for column in profile.features} == expected


@pytest.mark.parametrize("name", ["no.jsonl", "no.parquet", "no-*.jsonl"])
def test_a_missing_file(tmp_path: Path, name: str) -> None:
    """A file that is not there is an error that names it, even beside others that are."""
    path = write_jsonl(tmp_path / "rows.jsonl", make_rows(60))
    with pytest.raises(InputError, match=name.replace("*", r"\*")):
        build_profiles(_settings(path, tmp_path / name))


def test_a_damaged_archive(tmp_path: Path) -> None:
    """Half an archive is no reference."""
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(write_jsonl(tmp_path / "r", make_rows(500)).read_bytes())[:-200])
    with pytest.raises(InputError, match=r"rows\.jsonl\.gz"):
        build_profiles(_settings(path))


def test_nothing_to_build_from(tmp_path: Path) -> None:
    """An empty file, or one without features, says so."""
    path = tmp_path / "rows.jsonl"
    path.write_text("\n\n")
    with pytest.raises(ReferenceProfileError, match=r"no record with features in .*rows\.jsonl"):
        build_profiles(_settings(path))


def test_too_many_models(tmp_path: Path) -> None:
    """More models than the limit mean that a wrong field was taken for the model's name."""
    path = write_jsonl(tmp_path / "rows.jsonl", [row | {"model": row["id"]} for row in make_rows(5)])
    with pytest.raises(ReferenceProfileError, match=r"more than 3 models in the rows; set fields\.model"):
        build_profiles(_settings(path, limits=LimitSettings(models=3)))


def test_the_profile_is_written_and_described(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes the file and says on standard error what it holds, what to mind, and how to go on."""
    path = write_jsonl(tmp_path / "rows.jsonl", make_rows(300, label="yes"))
    write_profile(_settings(path), tmp_path / "reference.json")
    (profile,) = load_profiles(tmp_path / "reference.json")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"fingerprint {profile.fingerprint}" in captured.err
    assert "1 numeric and 1 categorical features" in captured.err
    assert "reference zero_one: " in captured.err
    assert "  season: none can be found: the rows span less than 8 days" in captured.err
    assert "  dependence: none shown: rows count as independent" in captured.err
    assert "warning: only 300 rows" in captured.err
    assert f"run --reference={tmp_path / 'reference.json'}" in captured.err
    assert "classes: no, yes, positive yes from a score of 0." in "\n".join(describe(profile, Settings()))


def test_the_rows_are_never_overwritten(tmp_path: Path) -> None:
    """An output that is an input, by name, by link or by pattern, is refused before anything is read."""
    path = write_jsonl(tmp_path / "rows.jsonl", make_rows(60))
    before = path.read_bytes()
    link, hard = tmp_path / "link.json", tmp_path / "hard.json"
    link.symlink_to(path)
    hard.hardlink_to(path)
    for output in (path, link, hard, tmp_path / "." / "rows.jsonl"):
        for pattern in (path, tmp_path / "*.jsonl"):
            with pytest.raises(ConfigurationError, match="is one of the files to read"):
                write_profile(_settings(pattern), output)
    assert path.read_bytes() == before
    other = write_jsonl(tmp_path / "other.json", make_rows(1))
    write_profile(_settings(path), other)
    assert load_profiles(other)


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    """It is refused before the rows are read, which would take long: here they do not even exist."""
    for output, text in ((tmp_path, "is a directory"), (tmp_path / "no" / "r.json", "no does not exist; make it")):
        with pytest.raises(ConfigurationError, match=text):
            write_profile(_settings(tmp_path / "none.jsonl"), output)


def test_rows_that_can_be_read_once_only(tmp_path: Path) -> None:
    """Standard input and pipes are refused with the reason."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path, name in (("-", "standard input"), (pipe, "pipe")):
        with pytest.raises(ConfigurationError, match=f"reads its rows twice, .*{name}; write them into a file"):
            write_profile(_settings(path), tmp_path / "r.json")


def test_a_missing_file_is_named_once(tmp_path: Path) -> None:
    """The error does not repeat the path."""
    for name in ("no.jsonl", "no.parquet"):
        with pytest.raises(InputError) as caught:
            build_profiles(_settings(tmp_path / name))
        assert str(caught.value) == f"cannot read {tmp_path / name}: no such file or directory"


def test_parquet_by_a_pattern(tmp_path: Path) -> None:
    """A pattern of Parquet files is read as one of JSON lines is, with progress over all of them."""
    rows = make_rows(300)
    _write_parquet(tmp_path / "a.parquet", rows[:100])
    _write_parquet(tmp_path / "b.parquet", rows[100:])
    shares: list[float] = []
    (profile,), _ = build_profiles(_settings(tmp_path / "*.parquet"), shares.append)
    (whole,), _ = build_profiles(_settings(_write_parquet(tmp_path / "whole.parquet", rows)))
    assert profile.fingerprint == whole.fingerprint
    assert shares == sorted(shares)
    with pytest.raises(InputError, match=r"^no file matches .*/no-\*\.parquet$"):
        build_profiles(_settings(tmp_path / "no-*.parquet"))


def test_names_do_not_break_the_report(tmp_path: Path) -> None:
    """Control characters in the names of models, features and classes are shown escaped, an empty class in quotes."""
    rows = [
        {"model": "a\nb", "features": {"x\x1b[31m": 7, "y": index % 9}, "prediction": "no\r" if index % 2 else ""}
        for index in range(60)
    ]
    (profile,), _ = build_profiles(_settings(write_jsonl(tmp_path / "rows.jsonl", rows)))
    lines = describe(profile, Settings())
    assert lines[0].startswith("model a\\nb: 60 rows")
    assert "classes: '', no\\r" in lines[1]
    assert any("feature x\\x1b[31m: constant" in line for line in lines)
    assert all(line.isprintable() for line in lines)


def test_rows_that_come_between_the_passes_are_left_out(tmp_path: Path) -> None:
    """A file that grows meanwhile, even by another model's rows, is profiled as it was at first."""
    path = write_jsonl(tmp_path / "rows.jsonl", make_rows(300, model="churn"))
    before = path.read_text()
    halves: list[float] = []

    def grow(share: float) -> None:
        halves.extend([share] if share == profile_verb._SURVEYED else [])
        if len(halves) == 2:  # the last line was read, then the first pass was over
            late = tmp_path / "late.jsonl"
            write_jsonl(late, make_rows(40, seed=2, model="churn") + make_rows(40, seed=3, model="fraud"))
            path.write_text(before + late.read_text())

    (profile,), _ = build_profiles(_settings(path), grow)
    assert path.read_text() != before
    assert (profile.model, profile.rows) == ("churn", 300)
    assert {sum(column.counts.values()) for column in profile.columns} == {300}


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("regression", [True, False])
def test_rows_beyond_the_memory_make_the_same_profile(
    ordered: bool, regression: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last digit: several models, seasons and labels too, of rows in any order of time."""
    rows = [
        row | {"ts": START + index * 65.0, "model": f"m{index % 2}", "label": row["prediction"] if index % 3 else None}
        for index, row in enumerate(make_rows(12_000, seed=5))
    ]
    if regression:
        for index, row in enumerate(rows):
            row |= {"prediction": row["features"]["age"] / 3, "label": index % 19 / 7}
            del row["score"]
    path = write_jsonl(tmp_path / "rows.jsonl", rows if ordered else rows[4_000:] + rows[3_999::-1])
    expected, _ = build_profiles(_settings(path))
    monkeypatch.setattr(profile_verb, "_MEMORY", 10_000)
    assert build_profiles(_settings(path))[0] == expected
    assert len(expected) == 2
    assert all(profile.outcomes is not None and profile.season_absent == "no_gain" for profile in expected)


def test_a_folder_without_room_for_temporary_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows beyond the memory should go and cannot."""
    monkeypatch.setattr(profile_verb, "_MEMORY", 1_000)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    path = write_jsonl(tmp_path / "rows.jsonl", make_rows(300))
    with pytest.raises(TemporaryFileError, match=r"cannot write a temporary file in .*absent: .*TMPDIR"):
        build_profiles(_settings(path))
