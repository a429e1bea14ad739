"""The files as a promotion leaves them: only the lines of what changes, comments kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from jutsu_dagster.core.errors import ConfigError
from jutsu_dagster.pipeline.promotions.checks import Candidate
from jutsu_dagster.pipeline.promotions.desk import PromotionError
from jutsu_dagster.registry.config import StrategyConfig
from jutsu_dagster.registry.load import StrategyEntry, StrategyRegistry
from jutsu_dagster.registry.param_specs import param_specs
from jutsu_dagster.registry.shadow_check import frozen_parameters
from jutsu_dagster.registry.universe import market_faults
from jutsu_dagster.registry.yaml_text import YamlText

_PARAMETERS = ("strategy", "parameters")
_LAST_NUMBER = re.compile(r"\d+(?=\D*\Z)")


def next_version(version: str, used: Iterable[str]) -> str:
    """Return the version after ``version``, 1.1 after 1.0, that none of ``used`` is."""
    taken = {version, *used}
    while version in taken:
        if "." in version and _LAST_NUMBER.search(version):
            version = _LAST_NUMBER.sub(lambda found: str(int(found[0]) + 1), version)
        else:
            version = f"{version}.1"
    return version


def promoted_text(candidate: Candidate, before: str, version: str) -> str:
    """Return the parent's file with the promoted parameters and its new version.

    Raises
    ------
    ConfigError
        If a parameter stands where it cannot be changed alone (aliases, uncommon layouts).
    """
    document, whole = candidate.config.document, frozen_parameters(candidate.strategy)
    text = YamlText(before, candidate.entry.config_file)
    specs = param_specs(candidate.strategy)
    added: set[str] = set()
    for at in (specs[name].at for name in candidate.changed):
        for place in _places(document, at[0]):
            text = text.put(*place, *at, value=_value(whole, at))
        # One that is not written stands for its default; of a map, all of it is written then.
        if not _places(document, at[0]) and at[0] not in added:
            text = text.put(*_PARAMETERS, at[0], value=whole[at[0]])
            added.add(at[0])
    return text.put("version", value=version).text


def registry_text(before: str, entry: StrategyEntry, variant_id: str, file: str) -> str:
    """Return the registry with the promoted variant in its parent's entry."""
    text = YamlText(before, file)
    place = ("strategies", entry.id)
    text = text.put(*place, "active_strategy", value=variant_id)
    text = text.put(*place, "parent_strategy", value=entry.id)
    if not entry.variants:
        return text.put(*place, "variants", value=[variant_id]).text
    if variant_id in entry.variants:
        return text.text
    return text.append(*place, "variants", item=variant_id).text


def without_promotion(before: str, parent_id: str, active: str | None, file: str) -> str:
    """Return a registry that was edited since, with the entry's former ``active_strategy``.

    ``variants`` stays: it names those that were ever promoted.
    """
    place = ("strategies", parent_id, "active_strategy")
    return YamlText(before, file).put(*place, value=active or parent_id).text


def require_sound(
    registry: StrategyRegistry, texts: Mapping[str, str], strategy_id: str, parameter_hash: str
) -> StrategyConfig:
    """Return a strategy as it will load; raise if it, or anything of the registry, will not.

    Parameters
    ----------
    registry : StrategyRegistry
        As it is.
    texts : mapping of path to text
        What files will say; paths from the project on.
    strategy_id, parameter_hash : str
        Which strategy, and what it must have.

    Raises
    ------
    ConfigError
        With all faults.
    PromotionError
        If the file would not say what is meant.
    """
    drafts = {registry.home / path: text for path, text in texts.items()}
    after = StrategyRegistry(registry.path, registry.home, drafts=drafts)
    entry = after.entries[strategy_id]
    if entry.config is None:
        raise ConfigError(entry.faults)
    known = market_faults(registry)
    faults = [fault for fault in market_faults(after) if fault not in known]
    if faults:
        raise ConfigError(faults)
    if entry.config.strategy.parameter_hash != parameter_hash:
        raise PromotionError(
            f"{entry.config_file} cannot be made to say these parameters; change it by hand"
        )
    return entry.config


def _places(document: Mapping[str, Any], name: str) -> list[tuple[str, ...]]:
    """Return the sections of a file that state a parameter: both may, with one value."""
    sections = {
        _PARAMETERS: document["strategy"].get("parameters", {}),
        ("symbols",): document.get("symbols", {}),
    }
    return [
        place
        for place, section in sections.items()
        if isinstance(section, Mapping) and name in section
    ]


def _value(whole: Mapping[str, Any], at: tuple[str, ...]) -> Any:
    value: Any = whole
    for label in at:
        value = value[label]
    return value
