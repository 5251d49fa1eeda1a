"""Options of the test run."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# A busy machine is no defect: examples are bounded in number, not in time.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")
settings.register_profile("quick", settings.get_profile("project"), max_examples=6)  # for `make test-quick`


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--rewrite-golden`` accepts what the exporter says now as what it should say."""
    parser.addoption("--rewrite-golden", action="store_true", help="rewrite the golden files")


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten rather than compared."""
    return bool(request.config.getoption("--rewrite-golden"))


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Commands set up logging for their process; the next test finds it as it was."""
    root, package = logging.getLogger(), logging.getLogger("model_drift_exporter")
    handlers, levels = root.handlers[:], (root.level, package.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    package.setLevel(levels[1])
