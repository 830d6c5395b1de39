"""What a report says of classes and what it finds, as tables for a spreadsheet."""

from __future__ import annotations

from typing import Any

import pandas as pd

from audit.core.estimate import Estimate
from audit.core.finding import Finding
from audit.report.actions import Asked, ClassActions, class_actions
from audit.report.classes import ClassRow
from audit.report.content import Content
from audit.report.findings import findings

_ESTIMATED = ("", "_low", "_high", "_n")
_ACTION = ("class_index", "class", "do", "what_to_do", "why", "finding", "see")
_FINDING = ("severity", "finding", "title", "words", "why", "what_to_do")


def class_table(content: Content) -> pd.DataFrame:
    """Return a row a class, in the order of the classes' indices.

    Returns
    -------
    DataFrame
        ``class_index``, ``class``, accuracy and the share of wrong reasons among its right
        predictions (0 to 1) each with ``_low``, ``_high`` (95%) and ``_n``, whether that share
        ``stands_out``, images ``explained`` and by verdict, mean skill by explainer. Undefined is
        NaN.
    """
    return pd.DataFrame([_class(row) for row in content.classes])


def finding_table(content: Content) -> pd.DataFrame:
    """Return a row a finding, what blocks shipping first.

    Returns
    -------
    DataFrame
        ``severity``, ``finding`` (its key), ``title``, ``words``, ``why``, ``what_to_do``, and the
        ``figure`` that it rests on with ``_low``, ``_high`` (95%) and ``_n``; NaN where it rests on
        a count.
    """
    columns = [*_FINDING, *(f"figure{end}" for end in _ESTIMATED)]
    return pd.DataFrame([_finding(each) for each in findings(content)], columns=columns)


def action_table(content: Content) -> pd.DataFrame:
    """Return a row an action, class by class, what blocks shipping first.

    Returns
    -------
    DataFrame
        ``class_index``, ``class``, ``do`` (a word or two), ``what_to_do``, ``why``, ``finding``
        (its key), ``see`` (from ``report/``), and the ``figure`` that it rests on with ``_low``,
        ``_high`` (95%) and ``_n``; NaN where it rests on a count.
    """
    columns = [*_ACTION, *(f"figure{end}" for end in _ESTIMATED)]
    rows = [_action(of, each) for of in class_actions(content) for each in of.asked]
    return pd.DataFrame(rows, columns=columns)


def _action(of: ClassActions, each: Asked) -> dict[str, Any]:
    asked = each.action
    see = " ".join(link.address for link in asked.links)
    told = (of.index, of.name, asked.what, asked.words, asked.why, each.finding.key, see)
    return dict(zip(_ACTION, told, strict=True)) | _estimate("figure", asked.estimate)


def _class(row: ClassRow) -> dict[str, Any]:
    return {
        "class_index": row.index,
        "class": row.name,
        **_estimate("accuracy", row.accuracy),
        **_estimate("wrong_reasons_share", row.wrong_reasons),
        "stands_out": row.stands_out,
        "explained": row.explained,
        **{key.replace("-", "_"): times for key, times in row.counts.items()},
        **{f"{key}_skill": value for key, value in row.skill.items()},
    }


def _finding(found: Finding) -> dict[str, Any]:
    steps = " ".join(step.words for step in found.steps)
    told = (found.says, found.key, found.title, found.words, found.why, steps)
    return dict(zip(_FINDING, told, strict=True)) | _estimate("figure", found.estimate)


def _estimate(name: str, e: Estimate) -> dict[str, float]:
    values = (e.value, e.low, e.high, e.n)
    return {f"{name}{end}": value for end, value in zip(_ESTIMATED, values, strict=True)}
