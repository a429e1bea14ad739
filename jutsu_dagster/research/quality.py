"""Quality: one score from 0 to 100 a strategy, of its lanes and its dreams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jutsu_dagster.research.trades import Json, read_pf

_EXPLORATION = ((2.0, 25.0), (1.5, 20.0), (1.0, 10.0), (0.5, 5.0))
_NORMAL = ((1.5, 5.0), (1.0, 2.0))


def quality_score(
    exp_pf: float | None,
    exp_trades: int,
    norm_pf: float | None = None,
    norm_trades: int = 0,
    dream: Mapping[str, int] | None = None,
) -> float:
    """Return the score of one strategy, one decimal; 50 where nothing is known.

    Parameters
    ----------
    exp_pf, norm_pf : float or None
        Profit factors of the lanes; infinite without losers.
    exp_trades, norm_trades : int
    dream : mapping of label to int, optional
        How many trades were good, bad, and to improve.
    """
    counts = dream or {}
    score = 50.0 + _exploration(exp_pf)
    score += _normal(norm_pf) if norm_trades > 0 else 0.0
    score += 10.0 if exp_trades >= 8 else 5.0 if exp_trades >= 4 else 0.0  # noqa: PLR2004
    score += 2.0 if norm_trades >= 2 else 0.0  # noqa: PLR2004
    score += 2.0 * counts.get("good", 0) - 3.0 * counts.get("bad", 0) - counts.get("improve", 0)
    return round(max(0.0, min(100.0, score)), 1)


def quality_scores(
    reflection_given: Mapping[str, Any], dreamt: Mapping[str, Mapping[str, int]]
) -> Json:
    """Return every strategy's score.

    Parameters
    ----------
    reflection_given : mapping
        The reflection's input, whose exp_pf and norm_pf are read by these very names.
    dreamt : mapping of id to counts
        Of ``dream.dream_counts``.

    Returns
    -------
    dict
        generated_at, and scores: by id symbol, score, and what it is of.
    """
    scores = {}
    for id_, row in reflection_given["strategies"].items():
        exp_pf, norm_pf = read_pf(row), read_pf(row, "normal")
        counts = dict(dreamt.get(id_, {}))
        score = quality_score(exp_pf, row["exp_trades"], norm_pf, row["norm_trades"], counts)
        of = {name: row[name] for name in ("exp_pf", "exp_trades", "norm_pf", "norm_trades")}
        scores[id_] = {"symbol": row["symbol"], "score": score, **of, "dream": counts}
    return {"generated_at": reflection_given["generated_at"], "scores": scores}


def _exploration(pf: float | None) -> float:
    if pf is None:
        return 0.0
    if pf == float("inf"):
        return 30.0
    return next((points for least, points in _EXPLORATION if pf >= least), -10.0 * (0.5 - pf))


def _normal(pf: float | None) -> float:
    if pf is None:
        return 0.0
    poor = -5.0 if pf < 0.5 else 0.0  # noqa: PLR2004
    return next((points for least, points in _NORMAL if pf >= least), poor)
