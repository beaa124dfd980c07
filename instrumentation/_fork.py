"""What a forked child has to do over."""

import os
import weakref
from collections.abc import Callable


def in_child(action: Callable[[], None]) -> None:
    """Call *action*, a bound method, in every forked child while its object lives."""
    reference = weakref.WeakMethod(action)

    def act() -> None:
        method = reference()
        if method is not None:
            method()

    os.register_at_fork(after_in_child=act)
