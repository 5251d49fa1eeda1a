"""One Alertmanager with its receivers, for all tests of a file, which tell their alerts apart by their models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.system.alertmanager.catching import Caught, catching
from tests.system.alertmanager.running import Alertmanager, alertmanager, configuration


@pytest.fixture(scope="module")
def caught() -> Iterator[Caught]:
    with catching() as servers:
        yield servers


@pytest.fixture(scope="module")
def running(caught: Caught, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    folder = tmp_path_factory.mktemp("alertmanager")
    with alertmanager(folder, configuration(folder, caught, working_hours=True)) as started:
        yield started
