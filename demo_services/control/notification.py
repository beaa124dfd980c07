"""Model of Alertmanager's webhook payload.

Source: Alertmanager documentation, "Webhook receiver", version 4.
"""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

MAX_ALERTS = 1000
"""Limit on the alerts of one notification. A larger one is rejected with 422."""

Status = Literal["firing", "resolved"]
Labels = dict[str, str]


class Alert(BaseModel):
    """One alert of a group."""

    status: Status
    labels: Labels
    annotations: Labels = {}
    starts_at: Annotated[AwareDatetime, Field(alias="startsAt")]

    @property
    def name(self) -> str:
        """The label ``alertname``, or a hyphen if the alert has none."""
        return self.labels.get("alertname", "-")

    @property
    def severity(self) -> str:
        """The label ``severity``, or an empty string."""
        return self.labels.get("severity", "")


class Notification(BaseModel):
    """Body of one webhook request: a group of alerts."""

    version: Literal["4"]
    receiver: str
    alerts: Annotated[list[Alert], Field(max_length=MAX_ALERTS)]
