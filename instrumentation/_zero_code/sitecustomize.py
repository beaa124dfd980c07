"""Start-up module of Python in processes started by ``python -m instrumentation``.

Child processes inherit it. In an environment without Sightline it does nothing. The next
``sitecustomize`` on the path, like that of a coverage tool, runs as well.
"""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def _run_next() -> None:
    """Import the ``sitecustomize`` that this one shadows."""
    own_directory = os.path.dirname(__file__)  # noqa: PTH120  importing pathlib costs start-up time
    spec = PathFinder.find_spec(
        "sitecustomize", [path for path in sys.path if path != own_directory]
    )
    if spec is not None and spec.loader is not None:
        module = sys.modules["sitecustomize"] = module_from_spec(spec)
        spec.loader.exec_module(module)


try:
    from instrumentation._zero_code import activate
except ModuleNotFoundError:  # another environment, without Sightline
    pass
else:
    activate()
_run_next()
