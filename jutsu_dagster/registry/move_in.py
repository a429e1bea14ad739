"""The registry with a strategy that was moved in as its primary, as text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jutsu_dagster.core.errors import ConfigError, Fault
from jutsu_dagster.registry.faults import relative
from jutsu_dagster.registry.load import StrategyRegistry
from jutsu_dagster.registry.yaml_file import read_text
from jutsu_dagster.registry.yaml_text import YamlText

_NEW = """\
# config/strategies_registry.yaml
# The strategies that run. Each has its own file under config/strategies/.
version: "1.0"

strategies:
  {id}:
    display_name: "{name}"
    strategy_class: "{kind}"
    config_file: "{file}"
    is_primary: true
    is_active: true
    paper_trading: true

# Primary first; every active strategy must stand here
execution_order:
  - {id}
"""


def registry_with_primary(
    registry_path: Path,
    home: Path,
    strategy_id: str,
    strategy_class: str,
    drafts: Mapping[Path, str],
) -> str:
    """Return the registry's text with this strategy as the primary; the others stay as they are.

    Parameters
    ----------
    registry_path, home : Path
    strategy_id, strategy_class : str
        An entry of that id that is there already is made to say this class.
    drafts : mapping of absolute path to text
        The strategy's file, where it is not written yet.

    Raises
    ------
    ConfigError
        Naming every fault of the registry as it would be.
    """
    file = relative(registry_path, home)
    config_file = f"config/strategies/{strategy_id}.yaml"
    if not registry_path.exists():
        name = strategy_class.replace("_", " ")
        whole = _NEW.format(id=strategy_id, name=name, kind=strategy_class, file=config_file)
        text = YamlText(whole, file)
    else:
        text = _with_entry(
            YamlText(read_text(registry_path, file), file), strategy_id, strategy_class, config_file
        )
    registry = StrategyRegistry(
        registry_path, home, drafts={**drafts, registry_path.absolute(): text.text}
    )
    faults = registry.entries[strategy_id].faults
    if faults:
        raise ConfigError(faults)
    return text.text


def _with_entry(
    text: YamlText, strategy_id: str, strategy_class: str, config_file: str
) -> YamlText:
    document = text.document
    strategies = document.get("strategies") if isinstance(document, dict) else None
    if not isinstance(strategies, dict):
        raise ConfigError([Fault(text.file, "strategies", None, "must map ids to strategies")])
    at = ("strategies", strategy_id)
    values = {"strategy_class": strategy_class, "config_file": config_file}
    flags = {"is_primary": True, "is_active": True, "paper_trading": True}
    for id_, entry in strategies.items():
        primary = isinstance(entry, dict) and entry.get("is_primary", False) is not False
        if id_ != strategy_id and primary:
            text = text.put("strategies", id_, "is_primary", value=False)
    if strategy_id in strategies:
        for key, value in {**values, **flags}.items():
            if strategies[strategy_id].get(key) != value:
                text = text.put(*at, key, value=value)
    else:
        name = strategy_class.replace("_", " ")
        text = text.put(*at, value={"display_name": name, **values, **flags})
    order = document.get("execution_order")
    if isinstance(order, list):
        if strategy_id not in order:
            text = text.append("execution_order", item=strategy_id)
        return text.move_first("execution_order", item=strategy_id)
    others = [id_ for id_ in strategies if id_ != strategy_id]
    if others:
        text = text.put("execution_order", value=[strategy_id, *others])
    return text
