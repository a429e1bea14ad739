"""What every number of the evidence is, and where its definition comes from."""

from __future__ import annotations

_PSR = "Bailey and López de Prado (2012), The Sharpe Ratio Efficient Frontier"
_DSR = "Bailey and López de Prado (2014), The Deflated Sharpe Ratio"
_CSCV = "Bailey, Borwein, López de Prado and Zhu (2017), The Probability of Backtest Overfitting"
_SPA = "Hansen (2005), A Test for Superior Predictive Ability"
_STEPM = "Romano and Wolf (2005), Stepwise Multiple Testing as Formalized Data Snooping"
_BOOT = "Politis and Romano (1994), The Stationary Bootstrap"
_BLOCK = (
    "Politis and White (2004), Patton, Politis and White (2009), Automatic Block-Length Selection"
)
_OURS = "jutsu_dagster"

# Of every number its definition and where that comes from.
DEFINITIONS: dict[str, tuple[str, str]] = {
    "days": ("T, days that variant and control have in common, out of sample", _OURS),
    "trades": ("closed trades of the variant on these days", _OURS),
    "sharpe": ("mean / standard deviation (ddof 1) of daily net returns, per day", "Sharpe (1994)"),
    "control_sharpe": ("the same of the parent's control", "Sharpe (1994)"),
    "skewness": ("of the variant's daily returns, bias-corrected G1", "Joanes and Gill (1998)"),
    "kurtosis": ("of the same, bias-corrected G2 + 3; 3 if normal", "Joanes and Gill (1998)"),
    "psr_zero": ("probability that the true Sharpe ratio is above 0", _PSR),
    "psr_parent": ("probability that it is above the control's observed Sharpe ratio", _PSR),
    "psr_difference": ("probability that variant less control has a positive Sharpe ratio", _PSR),
    "min_track_record": (
        "days until PSR against the control's Sharpe ratio, or 0 if higher, is at the confidence",
        _PSR,
    ),
    "trials": ("N, parameter sets ever evaluated for the parent", _DSR),
    "trials_effective": ("r + (1 - r) N", _DSR + ", appendix A.3"),
    "mean_correlation": ("r, mean correlation of the variants' differences from the control", _DSR),
    "mean_correlation_returns": ("mean correlation of the variants' own returns", _DSR),
    "trial_variance": (
        "V, variance (ddof 1) of the trials' daily Sharpe ratios, at least the family's own",
        _DSR,
    ),
    "dsr_threshold": ("SR0 at the effective N, per day", _DSR),
    "dsr": ("PSR(SR0) at the effective N", _DSR),
    "dsr_raw": ("PSR(SR0) at the raw N", _DSR),
    "dsr_parent": ("PSR(SR0 + control's Sharpe ratio, if above 0) at the effective N", _DSR),
    "pbo": ("share of splits whose in-sample best is below the out-of-sample median", _CSCV),
    "pbo_blocks": ("S, contiguous blocks", _CSCV),
    "pbo_days": ("T, days used, the oldest remainder dropped", _CSCV),
    "spa_p": ("consistent p-value of: no variant of the family beats the control", _SPA),
    "in_superior_set": ("1 if the variant is in StepM's superior set, 0 if not", _STEPM),
    "stepm_statistic": ("sqrt(T) mean difference / its long-run deviation", _STEPM),
    "stepm_critical": ("critical value of StepM's first step", _STEPM),
    "family_block": ("mean block length of the family's bootstrap, days", _BLOCK),
    "paired_block": ("mean block length of the paired bootstrap, days", _BLOCK),
    "mean_difference": ("mean daily return of the variant less the control's", _BOOT),
    "mean_better": ("share of paired draws in which it is above 0", _BOOT),
    "mean_low": ("lower end of its percentile interval", _BOOT),
    "mean_high": ("upper end of its percentile interval", _BOOT),
    "sharpe_difference": ("daily Sharpe ratio of the variant less the control's", _BOOT),
    "sharpe_better": ("share of paired draws in which it is above 0", _BOOT),
    "sharpe_low": ("lower end of its percentile interval", _BOOT),
    "sharpe_high": ("upper end of its percentile interval", _BOOT),
    "net_double_costs": ("2 net - gross, sums over the days, fractions", _OURS),
    "control_net_double_costs": ("the same of the control", _OURS),
    "max_drawdown": ("greatest loss from a peak of equity, a fraction of it", _OURS),
    "control_max_drawdown": ("the same of the control", _OURS),
    "drawdown_ratio": ("the one over the other", _OURS),
    "worst_neighbour": ("least share of the edge (Sharpe difference) a neighbour keeps", _OURS),
    "mean_neighbour": ("mean share of the edge that neighbours keep", _OURS),
}  # fmt: skip
