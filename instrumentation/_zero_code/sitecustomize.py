"""Python imports this at start when ``python -m instrumentation`` put the folder on its path.

Every Python below the service inherits it: one that has no Sightline goes on without, and the
``sitecustomize`` that ours stands before, like that of a coverage tool, runs as well.
"""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec


def _run_next() -> None:
    """Import the ``sitecustomize`` that Python would have found without us."""
    ours = os.path.dirname(__file__)  # noqa: PTH120  pathlib is not loaded yet, and seldom needed
    spec = PathFinder.find_spec("sitecustomize", [path for path in sys.path if path != ours])
    if spec is not None and spec.loader is not None:
        module = sys.modules["sitecustomize"] = module_from_spec(spec)
        spec.loader.exec_module(module)


try:
    from instrumentation._zero_code import activate
except ModuleNotFoundError:  # a Python of another environment
    pass
else:
    activate()
_run_next()
