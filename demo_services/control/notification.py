"""What Alertmanager sends. Source: Alertmanager documentation, "Webhook receiver", version 4."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

MOST_ALERTS = 1000
"""Alerts in one notification; more is not ours to store."""

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
        """The label ``alertname``, or a hyphen."""
        return self.labels.get("alertname", "-")

    @property
    def severity(self) -> str:
        """The label ``severity``, or nothing."""
        return self.labels.get("severity", "")


class Notification(BaseModel):
    """One POST of Alertmanager: a group of alerts."""

    version: Literal["4"]
    receiver: str
    alerts: Annotated[list[Alert], Field(max_length=MOST_ALERTS)]
