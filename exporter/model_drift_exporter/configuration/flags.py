"""Command-line flags, generated from the settings: ``web.listen_address`` is ``--web.listen-address``.

A flag wins over the file, and the file over the default. Flags are read as text and checked here, not by click, so that
their mistakes are reported together with those of the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import click

from ..settings.declarations import Path as SettingPath
from ..settings.declarations import Setting, all_settings
from ..settings.kinds import Repeated, Switch
from ..settings.values import SettingError
from ..sources import scheme_in
from .draft import Draft, InputDraft, Place
from .settings import InputSettings, Settings

__all__ = ["SEPARATOR", "headings", "settings_from", "settings_parameters"]

_CONFIGURATION_FILE, _FRAMING, _LABELS_FRAMING = "config_file", "framing", "labels_framing"
SEPARATOR = "__"
"""Between the section and the setting in the name of a parameter."""


def settings_parameters() -> list[click.Parameter]:
    """``--config.file``, ``--framing`` and a flag for every setting; their values are for ``settings_from``."""
    file = click.Option(
        ["--config.file", _CONFIGURATION_FILE],
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="YAML file with settings; a flag wins over it. [default: none]",
    )
    framing = click.Option(
        ["--framing", _FRAMING],
        metavar=_of_input("framing").kind.placeholder,
        help=f"Of each LOG on the command line. {_of_input('framing').help.replace('`', '')} [default: auto]",
    )
    return [file, framing, *(_option(setting) for setting in all_settings(Settings) if setting.flag)]


def headings() -> dict[str, str]:
    """What stands above the flags of each section in ``--help``, by the section's name."""
    return {
        name: attribute.metadata["help"].strip(".").replace("`", "")
        for name, attribute in attrs.fields_dict(Settings).items()
    }


def settings_from(
    context_values: Mapping[str, object], logs: Sequence[str] = (), labels: Sequence[str] = ()
) -> Settings:
    """The settings by defaults, file, flags and LOG arguments, the later winning.

    ``context_values`` are the parameters of a ``SettingsCommand``; others in it are ignored. ``logs``,
    where there are any, replace the inputs of the file; ``labels`` are added to them as inputs that hold labels. The parameters
    ``framing`` and ``labels_framing`` are those of the two. Raises ``ConfigurationError`` with all mistakes.
    """
    draft = Draft()
    file = context_values.get(_CONFIGURATION_FILE)
    if file is not None:
        from .yaml_file import read_configuration  # a start without a file does not pay for YAML

        draft = read_configuration(Path(str(file)))
    draft.overlay(_read_flags(context_values))
    framing = _framing(context_values, _FRAMING, draft, "LOG" if not logs else "")
    if logs:
        draft.put_inputs(_input_drafts(logs, "LOG", draft, **framing), Place("LOG"))
    framing = _framing(context_values, _LABELS_FRAMING, draft, "--labels" if not labels else "")
    if labels:
        draft.add_inputs(_input_drafts(labels, "--labels", draft, contains="labels", **framing), Place("--labels"))
    return draft.finish()


def _of_input(name: str) -> Setting:
    return next(each for each in all_settings(InputSettings) if each.path == (name,))


def _framing(values: Mapping[str, object], name: str, draft: Draft, lacks: str) -> dict[str, str]:
    """The framing that a flag gives to inputs on the command line; ``lacks`` is what there is none of."""
    written = values.get(name)
    if written is None:
        return {}
    place = Place(f"--{name.replace('_', '-')}")
    if lacks:
        hint = "set framing of the inputs in the configuration file"
        draft.problems.append(place.problem(f"there is no {lacks} on the command line that it could be of", hint))
        return {}
    try:
        return {"framing": str(_of_input("framing").kind.parse(str(written)))}
    except SettingError as mistake:
        draft.problems.append(place.problem(mistake.message, mistake.hint))
        return {}


def _input_drafts(paths: Sequence[str], written: str, draft: Draft, **values: str) -> list[InputDraft]:
    place = Place(written)
    kind = _of_input("path").kind
    inputs = []
    for path in paths:
        try:
            inputs.append(InputDraft(place, {"path": kind.parse(path), **values}, {}))
        except SettingError as mistake:
            hint = mistake.hint if scheme_in(path) else "name a file, a glob, or - for standard input"
            draft.problems.append(place.problem(mistake.message, hint))
    return inputs


def _parameter(setting: Setting) -> str:
    return SEPARATOR.join(setting.path)


def _option(setting: Setting) -> click.Option:
    declaration = setting.flag
    arguments: dict[str, Any] = {"metavar": setting.kind.placeholder}
    if isinstance(setting.kind, Switch):
        declaration += f"/--no-{setting.flag.removeprefix('--')}"
        arguments = {}
    repeated = isinstance(setting.kind, Repeated)
    again = " Can be given again." if repeated else ""
    return click.Option(
        [declaration, _parameter(setting)],
        default=None,
        multiple=repeated,
        help=f"{setting.help.replace('`', '')}{again} [default: {setting.shown_default}]",
        **arguments,
    )


def _read_flags(values: Mapping[str, object]) -> Draft:
    draft = Draft()
    for setting in all_settings(Settings):
        given = values.get(_parameter(setting))
        place = Place(setting.flag)
        if given is None or given == () or not setting.flag:
            continue
        if isinstance(setting.kind, Repeated):
            _put_list(draft, setting.path, setting.kind, given, place)
        elif isinstance(given, bool):
            draft.put(setting.path, given, place)
        else:
            try:
                draft.put(setting.path, setting.kind.parse(str(given)), place)
            except SettingError as mistake:
                draft.problems.append(place.problem(mistake.message, mistake.hint))
    return draft


def _put_list(draft: Draft, path: SettingPath, kind: Repeated, given: object, place: Place) -> None:
    texts = [str(item) for item in given] if isinstance(given, tuple | list) else [str(given)]
    if kind.separator:
        texts = [part.strip() for text in texts for part in text.split(kind.separator)]
    items, mistakes = kind.parse_items(texts)
    if mistakes:
        draft.problems += [place.problem(mistake.message, mistake.hint) for _, mistake in mistakes]
    else:
        draft.put(path, items, place)
