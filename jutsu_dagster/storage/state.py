"""What state.json says: its schema, its rules, and its text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from jutsu_dagster.core.errors import Fault, JutsuError
from jutsu_dagster.registry.faults import faults_of, shown

VERSION = "1.0"
INITIAL_EQUITY = 10_000.0
_VOL_STATES = {"Low": 0, "High": 1}


class StateError(JutsuError):
    """Faults of a state file, all named at once: file, field, value, rule."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))


def iso(moment: datetime) -> str:
    """Return a UTC moment as state files write it: ``2026-01-20T00:00:00Z``."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def vol_number(name: object) -> int | None:
    """Return the volatility regime as state files number it: Low 0, High 1, else None."""
    return _VOL_STATES.get(name) if isinstance(name, str) else None


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
        # An earlier system wrote UTC without saying so.
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except ValueError:
        raise ValueError("must be an ISO date and time, such as 2026-01-20T00:00:00Z") from None


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("must name its time zone")
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie between the years 1 and 9999 in UTC") from None


def _one_of_three(value: object) -> object:
    # An exact type, because True and 1.0 equal 1.
    if type(value) is not int or abs(value) > 1:
        raise ValueError("must be -1, 0, 1 or null")
    return value


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    AfterValidator(_utc),
    PlainSerializer(iso, when_used="json"),
]


class _State(BaseModel):
    # Strict, so that neither true nor 1.5 passes for a share count; unknown keys are kept, and a
    # NaN among them reaches the JSON writer, which refuses it, instead of becoming null.
    model_config = ConfigDict(
        frozen=True,
        extra="allow",
        strict=True,
        allow_inf_nan=False,
        ser_json_inf_nan="constants",
    )


class StateMetadata(_State):
    """Whose state it is and since when; ``strategy_id`` is missing in old files only."""

    created_at: Moment | None = None
    version: str = VERSION
    strategy_id: str | None = None


class TradingState(_State):
    """One strategy's paper account as ``state/strategies/<id>/state.json`` shows it.

    Attributes
    ----------
    last_run : datetime or None
        UTC.
    vol_state : -1, 0, 1 or None
        Low 0, High 1.
    trend_state : str or None
    current_positions : dict of symbol to int
        Shares.
    account_equity : float
        Money at the last close.
    last_allocation : dict of symbol to float
        Fractions of equity, the rest under ``CASH``.
    metadata : StateMetadata
    initial_qqq_price : float or None
        Price of the signal symbol where the baseline starts.
    """

    last_run: Moment | None
    vol_state: Annotated[int, BeforeValidator(_one_of_three)] | None
    trend_state: str | None = "Unknown"
    current_positions: dict[str, int]
    account_equity: float = INITIAL_EQUITY
    last_allocation: dict[str, float] = Field(default_factory=dict)
    metadata: StateMetadata = StateMetadata()
    initial_qqq_price: float | None = None

    @classmethod
    def initial(cls, strategy_id: str | None, equity: float, created_at: datetime) -> Self:
        """Return the state of an account that has never traded."""
        created_at = created_at.replace(microsecond=0)
        metadata = StateMetadata(created_at=created_at, strategy_id=strategy_id)
        return cls(
            last_run=None,
            vol_state=0,
            current_positions={},
            account_equity=equity,
            metadata=metadata,
        )


def text_of(state: TradingState) -> str:
    """Return the state as its file has it: strict JSON, the origin's order of keys."""
    return json.dumps(state.model_dump(mode="json"), indent=2, allow_nan=False) + "\n"


def parse_state(
    content: bytes, file: str, strategy_id: str | None, equity: float = INITIAL_EQUITY
) -> TradingState:
    """Return the state in a file's bytes, validated.

    Parameters
    ----------
    content : bytes
    file : str
        How messages call the file.
    strategy_id : str or None
        Whose state it must be; None accepts anybody's.
    equity : float
        ``account_equity`` of an old file that has none.

    Raises
    ------
    StateError
        Naming every fault.
    """
    try:
        document = json.loads(content, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise StateError(Fault(file, "", None, "is not a state: it is nested too deeply")) from None
    except ValueError as error:
        raise StateError(Fault(file, "", None, f"is not strict JSON: {error}")) from error
    if not isinstance(document, dict):
        raise StateError(Fault(file, "", shown(document), "must be a mapping of keys to values"))
    return _validated({"account_equity": equity} | document, file, strategy_id)


def checked(state: TradingState, file: str, strategy_id: str | None) -> TradingState:
    """Return the state validated as strictly as its file will be; raise StateError if it is not.

    ``model_copy`` and ``model_construct`` skip validators, so a model proves nothing.
    """
    document = dict(state)
    if isinstance(document.get("metadata"), BaseModel):
        document["metadata"] = dict(document["metadata"])
    found = _validated(document, file, strategy_id)
    try:
        text_of(found)
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError(Fault(file, "", None, f"cannot be strict JSON: {error}")) from error
    return found


def _validated(document: Mapping[str, Any], file: str, strategy_id: str | None) -> TradingState:
    metadata = document.get("metadata", {})
    owner = metadata.get("strategy_id") if isinstance(metadata, dict) else None
    if owner is None and isinstance(metadata, dict):
        # Files of a single-strategy layout do not say whose they are.
        document = {**document, "metadata": {**metadata, "strategy_id": strategy_id}}
    faults, state = [], None
    try:
        state = TradingState.model_validate(document)
    except ValidationError as error:
        faults = faults_of(error, TradingState, file)
    if isinstance(owner, str) and strategy_id not in {None, owner}:
        rule = f"must be {strategy_id!r}, as its folder"
        faults.append(Fault(file, "metadata.strategy_id", shown(owner), rule))
    if state is None or faults:
        raise StateError(*faults)
    return state


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large")
    return number
