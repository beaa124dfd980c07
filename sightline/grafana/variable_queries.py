"""Queries of variables. Source: Grafana documentation, "Prometheus query variables"."""

import re
from typing import Final

LABEL_VALUES: Final = re.compile(
    r"label_values\(\s*(?:(?P<series>.+)\s*,\s*)?(?P<label>\w+)\s*\)\s*", re.DOTALL
)
LABEL_NAMES: Final = re.compile(r"label_names\(\s*(?P<series>.*?)\s*\)\s*", re.DOTALL)
METRICS: Final = re.compile(r"metrics\(\s*(?P<pattern>.+?)\s*\)\s*", re.DOTALL)
QUERY_RESULT: Final = re.compile(r"query_result\(\s*(?P<expr>.+)\s*\)\s*", re.DOTALL)
