"""LogQL, the query language of Loki: as much of it as is needed to tell it from PromQL."""

import re
from typing import Final

_PIPELINE: Final = re.compile(
    r"\}\s*(\|[=~>]|![=~>])\s*[\"`]"
    r"|\|\s*(json|logfmt|pattern|regexp|unpack|unwrap|decolorize|line_format|label_format|drop|keep)\b"
    r"|\b(bytes_rate|bytes_over_time|rate_counter)\s*\("
    r"|^\s*\{[^{}]*\}\s*$"
    r"|\b(rate|count_over_time)\s*\(\s*\{[^{}]*\}\s*\["
)
"""A line filter, a parser, a function of Loki only, or a selector without a metric."""


def resembles(expr: str) -> bool:
    """Return true if *expr* has a part that PromQL lacks."""
    return bool(_PIPELINE.search(expr))


def is_balanced(expr: str) -> bool:
    """Return true if *expr* is not empty and its brackets match."""
    return bool(expr) and all(expr.count(one) == expr.count(other) for one, other in ("()", "{}"))
