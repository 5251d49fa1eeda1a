"""Where the dashboards come from."""

import warnings

with warnings.catch_warnings():
    # Imported here once, before all else: the library says that a later scheme of dashboards will replace this one, which
    # is the only one that Grafana 9.4 to 12 all read.
    warnings.filterwarnings("ignore", "Prefer using dashboardv2", DeprecationWarning)
    import grafana_foundation_sdk.builders.dashboard as _dashboards  # noqa: F401
    import grafana_foundation_sdk.builders.prometheus as _queries  # noqa: F401
