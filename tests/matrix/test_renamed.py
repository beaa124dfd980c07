"""Each private name alone: `pytest tests/matrix/test_renamed.py`.

The unit test renames all names of a library at once. One name alone may pass a check that others
fail.
"""

import pytest

from tests.renaming import ACCESS, package_of, private_names
from tests.unit.instrumentation.test_renamed_fields import report

NAMES = [
    (package_of(distribution), name)
    for distribution in ACCESS
    for name in private_names(distribution)
]


@pytest.mark.parametrize(("package", "name"), NAMES)
@pytest.mark.parametrize("part", ["text", "open_metrics", "spans", "exported"])
def test_a_renamed_field_changes_no_result(package: str, name: str, part: str) -> None:
    assert report(package, name)[part] == report()[part] != []
