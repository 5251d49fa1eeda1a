from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from model_drift_exporter.errors import ReferenceProfileError
from model_drift_exporter.evidence.seasonal_bets import SeasonalBets
from model_drift_exporter.evidence.settings import EvidenceSettings
from model_drift_exporter.reference.profile import ReferenceProfile
from model_drift_exporter.reference.profile_file import load_profiles, load_references, read_references, save_profiles
from model_drift_exporter.statistics.betting.bets import BetKind
from tests.support.prediction_log import batch_of, make_rows, profile_of

_CREATED = "2026-01-02T03:04:05Z"


def _profile(model: str = "m") -> ReferenceProfile:
    return profile_of([batch_of(make_rows(200, label="yes"))], model=model)


def _saved(path: Path) -> dict[str, Any]:
    save_profiles(path, [_profile()], _CREATED)
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def test_saving_and_loading_is_identity(tmp_path: Path) -> None:
    """Several profiles come back as they were, fingerprints included, and no other file is left."""
    profiles = [_profile("m"), _profile("n")]
    save_profiles(tmp_path / "reference.json", profiles, _CREATED)
    assert load_profiles(tmp_path / "reference.json") == profiles
    assert [path.name for path in tmp_path.iterdir()] == ["reference.json"]


def test_the_file_is_readable_and_says_what_it_is(tmp_path: Path) -> None:
    """A person sees the format, its version, who made it and when, and one count a line."""
    content = _saved(tmp_path / "r.json")
    assert content["format"] == "model-drift-exporter reference profile"
    assert content["format_version"] == 2
    assert content["created"] == _CREATED
    assert len((tmp_path / "r.json").read_text().splitlines()) > 50


def _set_version(content: dict[str, Any]) -> None:
    content["format_version"] = 99


def _no_version(content: dict[str, Any]) -> None:
    del content["format_version"]


def _small_effect(content: dict[str, Any]) -> None:
    content["models"][0]["columns"][0]["special_design_effect"] = 0.5


def _small_unheard_effect(content: dict[str, Any]) -> None:
    content["models"][0]["columns"][0]["unheard_design_effect"] = 0.5


def _season(content: dict[str, Any], rows: int) -> dict[str, Any]:
    counts = [count for column in content["models"][0]["columns"] for count in column["counts"].values()]
    empty = [[0] * len(counts)] * 23
    return {"slots": 24, "rows": [rows, *[0] * 23], "counts": [counts, *empty]}


def _more_rejected(content: dict[str, Any]) -> None:
    content["models"][0] |= {"lines": 200, "rejected_lines": 201}


def _odd_season(content: dict[str, Any]) -> None:
    content["models"][0]["season"] = _season(content, 199)


def _short_season(content: dict[str, Any]) -> None:
    season = content["models"][0]["season"] = _season(content, 200)
    season["counts"][3] = season["counts"][3][1:]


def _set_format(content: dict[str, Any]) -> None:
    content["format"] = "something else"


def _change_count(content: dict[str, Any]) -> None:
    content["models"][0]["columns"][0]["counts"]["b00"] += 1


def _drop_edge(content: dict[str, Any]) -> None:
    content["models"][0]["columns"][0]["edges"].pop()


def _swap_edges(content: dict[str, Any]) -> None:
    content["models"][0]["columns"][0]["edges"].reverse()


def _drop_models(content: dict[str, Any]) -> None:
    content["models"] = []


def _repeat_model(content: dict[str, Any]) -> None:
    content["models"] *= 2


def _drop_features(content: dict[str, Any]) -> None:
    columns = content["models"][0]["columns"]
    content["models"][0]["columns"] = [column for column in columns if column["role"] != "feature"]


def _spoil_type(content: dict[str, Any]) -> None:
    content["models"][0]["rows"] = "many"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (_set_version, "reference profile of version 99, this exporter reads versions 1 to 2"),
        (_no_version, "reference profile of version 0"),
        (_set_format, "no reference profile; make one from rows"),
        (_small_effect, "a design effect is below 1"),
        (_small_unheard_effect, "a design effect is below 1"),
        (_more_rejected, "more rejected lines than lines"),
        (_odd_season, "the season's slots do not fit the columns"),
        (_short_season, "the season's slots do not fit the columns"),
        (_change_count, "the fingerprint does not match the counts"),
        (_drop_edge, "feature age: edges, bins and means do not fit"),
        (_swap_edges, "feature age: edges, bins and means do not fit"),
        (_drop_models, "the reference profile has no model; build it again"),
        (_repeat_model, "model m is in the file twice"),
        (_drop_features, "the reference profile has no feature"),
        (_spoil_type, "the reference profile is damaged"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path: Path, change: Callable[[dict[str, Any]], None], text: str) -> None:
    """The error names the file, what is wrong, and what to do."""
    path = tmp_path / "r.json"
    content = _saved(path)
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ReferenceProfileError, match=text) as caught:
        load_profiles(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_a_file_of_the_first_version_is_read(tmp_path: Path) -> None:
    """What it lacks is unknown: independent rows, no season and no reason for that, the same fingerprint."""
    path = tmp_path / "r.json"
    content = _saved(path)
    content["format_version"] = 1
    for model in content["models"]:
        assert model.pop("season_absent") == "too_short"
        model.pop("outcomes", None)
    path.write_text(json.dumps(content))
    (old,) = load_profiles(path)
    assert (old.season, old.season_absent, old.outcomes) == (None, "", None)
    assert {(column.design_effect, column.special_design_effect) for column in old.columns} == {(1.0, 1.0)}
    assert old.fingerprint == _profile().fingerprint


def test_a_file_without_design_effects_of_unheard_values_is_read(tmp_path: Path) -> None:
    """Earlier versions had one for all special values: it stays that of them, and so does the fingerprint."""
    path = tmp_path / "r.json"
    content = _saved(path)
    for column in content["models"][0]["columns"]:
        assert column.pop("unheard_design_effect") == 1
        column["special_design_effect"] = 7.0
    path.write_text(json.dumps(content))
    (old,) = load_profiles(path)
    assert {column.unheard_design_effect for column in old.columns} == {None}
    bets = SeasonalBets(old, [0], EvidenceSettings()).pooled.drift
    assert set(bets.tempering[0, bets.kinds[0] == BetKind.OUT_OF_RANGE].tolist()) == {7.0}
    assert old.fingerprint == _profile().fingerprint


def test_a_season_is_kept(tmp_path: Path) -> None:
    """A season that fits its columns comes back, its counts of a slot in one line of the file."""
    path = tmp_path / "r.json"
    content = _saved(path)
    content["models"][0]["season"] = _season(content, 200)
    path.write_text(json.dumps(content))
    profiles = load_profiles(path)
    assert profiles[0].season is not None
    assert profiles[0].season.rows == [200, *[0] * 23]
    save_profiles(path, profiles, _CREATED)
    assert load_profiles(path) == profiles
    slots = [line for line in path.read_text().splitlines() if line.strip().startswith("[0, 0, 0")]
    assert len(slots) == 23


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff\xfe", b'{"a": 1}\n{"a": 2}', b"[" * 100_000])
def test_no_bytes_crash_the_loader(tmp_path: Path, data: bytes) -> None:
    """Whatever the file holds, the error is ours."""
    path = tmp_path / "r.json"
    path.write_bytes(data)
    with pytest.raises(ReferenceProfileError):
        load_profiles(path)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    """The error names the file and the command."""
    with pytest.raises(
        ReferenceProfileError, match=r"no\.json: cannot read the reference profile: No such file.* profile"
    ):
        load_profiles(tmp_path / "no.json")


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    """The error names the file, and nothing half-written stays."""
    (tmp_path / "r.json").mkdir()
    with pytest.raises(ReferenceProfileError, match=r"r\.json: cannot write the reference profile"):
        save_profiles(tmp_path / "r.json", [_profile()], _CREATED)
    assert os.listdir(tmp_path) == ["r.json"]  # noqa: PTH208 - names only
    with pytest.raises(ReferenceProfileError, match="No such file"):
        save_profiles(tmp_path / "no" / "r.json", [_profile()], _CREATED)


def test_references_of_several_files(tmp_path: Path) -> None:
    """Each model has one; every file that cannot be used is told with its reason, and the first such one ends a command."""
    a, b = _profile("a"), _profile("b")
    one, both, none = (str(tmp_path / name) for name in ("one.json", "both.json", "none.json"))
    save_profiles(Path(one), [a], _CREATED)
    save_profiles(Path(both), [a, b], _CREATED)
    files = read_references([none, one, both])
    assert [[profile.model for profile in file.profiles] for file in files] == [[], ["a"], ["b"]]
    assert [[problem.place for problem in file.problems] for file in files] == [[none], [], [both]]
    assert files[0].problems[0].message.startswith("cannot read the reference profile: No such file")
    twice = f"{both}: model a has a reference in {one} already; give one of them"
    assert str(files[2].problems[0]) == twice
    with pytest.raises(ReferenceProfileError) as raised:
        load_references([one, both, none])
    assert str(raised.value) == twice
    with pytest.raises(ReferenceProfileError, match=r"none\.json: cannot read"):
        load_references([none, one])
    assert load_references([one]) == [a]
    assert load_references([]) == []
