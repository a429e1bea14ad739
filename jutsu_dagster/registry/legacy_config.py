"""From ``live_trading_config.yaml`` of a single-strategy layout to a strategy's own file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from jutsu_dagster.core.errors import ConfigError, Fault
from jutsu_dagster.registry.faults import dotted
from jutsu_dagster.registry.models import ExecutionTime, StrategyFile, StrategySection
from jutsu_dagster.registry.yaml_text import YamlText

LIVE_CONFIG = "config/live_trading_config.yaml"


@dataclass(frozen=True, slots=True)
class Converted:
    """A strategy's file, made and not written.

    Attributes
    ----------
    text : str
        Comments as in the source, where what they stand at was carried over.
    changed : tuple of str
        What says something else than the source, and why.
    left : tuple of str
        Dotted keys of the source that were not carried over.
    """

    text: str
    changed: tuple[str, ...]
    left: tuple[str, ...]


def convert_live_config(
    source: YamlText, file: str, strategy_id: str, paper_start: date
) -> Converted:
    """Return the file of one strategy that says what the live configuration said of it.

    Sections and keys that a strategy's file does not know (broker, schedule, alerts, mode …) are
    cut out and named. What its values are worth is for ``build_config`` to say.

    Parameters
    ----------
    source : YamlText
    file : str
        What the new file will be called.
    strategy_id : str
    paper_start : date

    Raises
    ------
    ConfigError
        If the source is no mapping, or laid out in a way that cannot be changed.
    """
    if not isinstance(source.document, dict):
        raise ConfigError([Fault(source.file, "", None, "must hold keys and values")])
    left = _unknown(source.document)
    execution_time = _section(source.document, "execution").get("execution_time")
    inner = _section(_section(source.document, "strategy"), "parameters").get("execution_time")
    cut = left if inner is None else [*left, ("strategy", "parameters", "execution_time")]
    text = source
    for path in cut:
        text = _without(text, path)
    changed = [f"strategy_id: {strategy_id}"]
    text = _with_id(text, file, strategy_id)
    wanted = execution_time if execution_time is not None else inner
    if wanted is not None:
        known = wanted if wanted in get_args(ExecutionTime) else "close"
        if known != wanted:
            changed.append(
                f"execution.execution_time: {known} instead of {wanted!r}, which needs prices"
                " within the session; decisions fill at the close they are made at"
            )
        if execution_time != known:
            text = text.put("execution", "execution_time", value=known)
    folder = f"state/strategies/{strategy_id}"
    places = {"file_path": f"{folder}/state.json", "backup_path": f"{folder}/backups/"}
    for key, place in places.items():
        written = _section(source.document, "state").get(key)
        if written is not None and written != place:
            text = text.put("state", key, value=place)
            changed.append(f"state.{key}: {place} instead of {written}")
    text = text.put("paper", "start", value=paper_start)
    changed.append(f"paper.start: {paper_start}, the first session after the old account's last")
    return Converted(text.text, tuple(changed), tuple(dotted(*path) for path in left))


def _section(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = document.get(name)
    return section if isinstance(section, dict) else {}


def _unknown(document: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the paths that a strategy's file does not know, whole sections where all is so."""
    found: list[tuple[str, ...]] = []
    for name, section in document.items():
        field = StrategyFile.model_fields.get(name)
        if field is None:
            found.append((name,))
            continue
        default = StrategySection if name == "strategy" else type(field.get_default())
        if not (isinstance(section, dict) and issubclass(default, BaseModel)):
            continue
        unknown = [key for key in section if key not in default.model_fields]
        whole = unknown and len(unknown) == len(section)
        found += [(name,)] if whole else [(name, key) for key in unknown]
    return found


def _with_id(text: YamlText, file: str, strategy_id: str) -> YamlText:
    """Return the text with its id, at the top where it has none."""
    if "strategy_id" in text.document:
        return text.put("strategy_id", value=strategy_id)
    node = _composed(text)
    if node.flow_style:
        return text.put("strategy_id", value=strategy_id)
    # Below a line that begins the document, else at the very top.
    framed = text.text.startswith(("---", "%", "\ufeff"))
    at = _line_of(text.text, node) if framed else 0
    newline = "\r\n" if "\r\n" in text.text else "\n"
    head = [f"# {file}", f"# Moved in from {text.file}", f'strategy_id: "{strategy_id}"', ""]
    whole = text.text[:at] + "".join(line + newline for line in head) + text.text[at:]
    return _meant(text, whole, {"strategy_id": strategy_id, **text.document}, ("strategy_id",))


def _without(text: YamlText, path: tuple[str, ...]) -> YamlText:
    """Return the text without a key, the comments above it gone with it."""
    wanted = _copy_without(text.document, path)
    node = _composed(text)
    for key in path[:-1]:
        node = next(child for name, child in node.value if name.value == key)
    if node.flow_style:
        raise _refusal(text, path)
    at = next(place for place, (name, _) in enumerate(node.value) if name.value == path[-1])
    first = _line_after(text.text, node.value[at - 1][1]) if at else _line_of(text.text, node)
    last = _line_after(text.text, node.value[at][1])
    return _meant(text, text.text[:first] + text.text[last:], wanted, path)


def _meant(text: YamlText, changed: str, wanted: Any, path: tuple[str, ...]) -> YamlText:
    """Return the changed text if it says what is wanted; an alias may have lost its anchor."""
    new = YamlText(changed, text.file)
    try:
        said = new.document
    except ConfigError as error:
        raise _refusal(text, path) from error
    if said != wanted:
        raise _refusal(text, path)
    return new


def _composed(text: YamlText) -> yaml.MappingNode:
    node = yaml.compose(text.text, Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode)  # noqa: S101  (its document is a mapping)
    return node


def _copy_without(document: Any, path: tuple[str, ...]) -> Any:
    key, *rest = path
    if not rest:
        return {name: value for name, value in document.items() if name != key}
    return {**document, key: _copy_without(document[key], tuple(rest))}


def _line_of(text: str, node: yaml.Node) -> int:
    return text.rfind("\n", 0, node.start_mark.index) + 1


def _line_after(text: str, node: yaml.Node) -> int:
    end = len(text[: _end(node)].rstrip())
    newline = text.find("\n", end)
    return len(text) if newline < 0 else newline + 1


def _end(node: yaml.Node) -> int:
    """Return where the node's content ends, comments below it left out."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)


def _refusal(text: YamlText, path: tuple[str, ...]) -> ConfigError:
    rule = "cannot be taken out of the way the file is written; take it out by hand"
    return ConfigError([Fault(text.file, dotted(*path), None, rule)])
