"""Python imports this at start when ``python -m instrumentation`` put the folder on its path."""

from instrumentation._zero_code import activate

activate()
