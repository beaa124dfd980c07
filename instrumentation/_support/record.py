"""Base of immutable values whose class costs little to create.

Every service pays for each class at import. A named tuple or dataclass compiles code for it, which
takes ten times as long as all of this one.
"""

from __future__ import annotations

from typing import Any, Self, dataclass_transform


@dataclass_transform(kw_only_default=True, frozen_default=True)
class Record:
    """Immutable value with the annotated fields of its class.

    Args:
        fields: Values by name; a value on the class is the default.

    Raises:
        TypeError: A field is missing or unknown.
    """

    def __init__(self, **fields: Any) -> None:
        kind = type(self)
        names = kind.__annotations__.keys()
        wrong = (fields.keys() - names) | {
            name for name in names - fields.keys() if not hasattr(kind, name)
        }
        if wrong:
            raise TypeError(f"{kind.__name__}: missing or unknown fields {sorted(wrong)}")
        vars(self).update(fields)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed: use _replace()")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._asdict() == other._asdict()

    __hash__ = None  # type: ignore[assignment]  # a field may be a mapping

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self._asdict().items())
        return f"{type(self).__name__}({', '.join(shown)})"

    def _asdict(self) -> dict[str, Any]:
        """Return the values by name, in the order of the class."""
        return {name: getattr(self, name) for name in type(self).__annotations__}

    def _replace(self, **fields: Any) -> Self:
        """Return a copy with other values of *fields*."""
        return type(self)(**{**vars(self), **fields})
