"""Names of metrics that services emit themselves: protection, events, traffic, alerts.

OpenTelemetry's semantic conventions have no names for them.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from instrumentation import metric

MESSAGING_CONSUMER_LAG: Final = "messaging_consumer_lag"
OUTBOX_PENDING_MESSAGES: Final = "outbox_pending_messages"
OUTBOX_OLDEST_AGE_SECONDS: Final = "outbox_oldest_age_seconds"
CIRCUIT_BREAKER_STATE: Final = "circuit_breaker_state"
CIRCUIT_BREAKER_CALLS: Final = "circuit_breaker_calls"
RATE_LIMITER_REQUESTS: Final = "rate_limiter_requests"
RATE_LIMITER_FALLBACKS: Final = "rate_limiter_fallbacks"
WORKER_POOL_QUEUE_DEPTH: Final = "worker_pool_queue_depth"
WORKER_POOL_QUEUE_CAPACITY: Final = "worker_pool_queue_capacity"
WORKER_POOL_QUEUE_WAIT_TIME_SECONDS: Final = "worker_pool_queue_wait_time_seconds"
WORKER_POOL_REJECTED_ITEMS: Final = "worker_pool_rejected_items"
DEGRADED_RESPONSES: Final = "degraded_responses"
AUTHENTICATION_VERIFICATIONS: Final = "authentication_verifications"
AUTHENTICATION_TOKENS_ISSUED: Final = "authentication_tokens_issued"
AUTHENTICATION_TOKENS_REFUSED: Final = "authentication_tokens_refused"
AUTHENTICATION_KEY_SET_REFRESHES: Final = "authentication_key_set_refreshes"
CONFIGURATION_VERSION: Final = "configuration_version"
CONFIGURATION_CANARY: Final = "configuration_canary"
CONFIGURATION_RELOADS: Final = "configuration_reloads"
CONFIGURATION_LAST_RELOAD_SUCCESSFUL: Final = "configuration_last_reload_successful"
CONFIGURATION_CONTACT_TIMESTAMP_SECONDS: Final = "configuration_contact_timestamp_seconds"
CONFIGURATION_PUSHES: Final = "configuration_pushes"
FAULT_INJECTED: Final = "fault_injected"
ALERT_NOTIFICATIONS_RECEIVED: Final = "alert_notifications_received"
ALERT_WATCHDOG_TIMESTAMP_SECONDS: Final = "alert_watchdog_timestamp_seconds"
SERVICE_REGISTRY_INSTANCES: Final = "service_registry_instances"
SERVICE_REGISTRY_LIST_AGE_SECONDS: Final = "service_registry_list_age_seconds"
SERVICE_REGISTRY_REGISTRATIONS: Final = "service_registry_registrations"
TRAFFIC_REQUESTS: Final = "traffic_requests"
TRAFFIC_REQUEST_DURATION_SECONDS: Final = "traffic_request_duration_seconds"

_counter = partial(metric.counter, emitter="services")
_gauge = partial(metric.gauge, emitter="services")
_duration = partial(metric.duration, emitter="services")

# The formatter would spread each metric over eight lines.
# fmt: off
SERVICE_METRICS: Final = (
    _gauge(MESSAGING_CONSUMER_LAG, "{message}",
        "Messages waiting for the consumer group.",
        "messaging_system", "messaging_destination_name"),
    _gauge(OUTBOX_PENDING_MESSAGES, "{message}",
        "Messages in the outbox that are not sent yet.", precreated=True),
    _gauge(OUTBOX_OLDEST_AGE_SECONDS, "s",
        "Age of the oldest message in the outbox, or 0.", precreated=True),
    _gauge(CIRCUIT_BREAKER_STATE, "1",
        "1 for the state the breaker is in, 0 for the others.",
        "name", "state", precreated=True),
    _counter(CIRCUIT_BREAKER_CALLS, "{call}",
        "Calls by outcome: success, failure or rejected.",
        "name", "outcome", precreated=True),
    _counter(RATE_LIMITER_REQUESTS, "{request}",
        "Rate limiter decisions: allowed or rejected.",
        "policy", "result", precreated=True),
    _counter(RATE_LIMITER_FALLBACKS, "{request}",
        "Rate limiter decisions of one instance alone, because the shared limiter did not answer.",
        "policy", precreated=True),
    _gauge(WORKER_POOL_QUEUE_DEPTH, "{item}",
        "Items waiting for a worker.", "pool"),
    _gauge(WORKER_POOL_QUEUE_CAPACITY, "{item}",
        "Maximum number of items waiting for a worker.", "pool"),
    _duration(WORKER_POOL_QUEUE_WAIT_TIME_SECONDS,
        "Time that an item waits for a worker.", "pool"),
    _counter(WORKER_POOL_REJECTED_ITEMS, "{item}",
        "Items for which the queue had no place.", "pool", precreated=True),
    _counter(DEGRADED_RESPONSES, "{response}",
        "Responses without a dependency.", "dependency", precreated=True),
    _counter(AUTHENTICATION_VERIFICATIONS, "{verification}",
        "Verifications of the token of a request, by result: valid, guest or why it was refused.",
        "result", precreated=True),
    _counter(AUTHENTICATION_TOKENS_ISSUED, "{token}",
        "Access tokens that were issued, by grant of OAuth 2.", "grant", precreated=True),
    _counter(AUTHENTICATION_TOKENS_REFUSED, "{token}",
        "Requests for an access token that were refused, by error of OAuth 2 or replayed.",
        "reason", precreated=True),
    _counter(AUTHENTICATION_KEY_SET_REFRESHES, "{refresh}",
        "Attempts to read the keys that verify tokens, by result: success or failure.",
        "result", precreated=True),
    _gauge(CONFIGURATION_VERSION, "1",
        "Version of the pushed configuration in use, or 0 without one.", precreated=True),
    _gauge(CONFIGURATION_CANARY, "1",
        "1 while the instance uses a configuration that was pushed to some instances only.",
        precreated=True),
    _counter(CONFIGURATION_RELOADS, "{reload}",
        "Pushed configurations that reached the instance: applied or refused.",
        "result", precreated=True),
    _gauge(CONFIGURATION_LAST_RELOAD_SUCCESSFUL, "1",
        "0 while the instance refuses the newest configuration and uses an older one.",
        precreated=True),
    _gauge(CONFIGURATION_CONTACT_TIMESTAMP_SECONDS, "s",
        "Time of the last answer of the configuration center, in seconds since 1970."),
    _counter(CONFIGURATION_PUSHES, "{push}",
        "Changes at the configuration center: accepted or refused.",
        "result", precreated=True),
    _gauge(FAULT_INJECTED, "1",
        "1 while a drill injects this fault.", "point", "kind"),
    _counter(ALERT_NOTIFICATIONS_RECEIVED, "{notification}",
        "Alert notifications, by status.", "alertname", "severity", "status"),
    _gauge(ALERT_WATCHDOG_TIMESTAMP_SECONDS, "s",
        "Time of the last Watchdog notification, in seconds since 1970."),
    _gauge(SERVICE_REGISTRY_INSTANCES, "{instance}",
        "Instances in the service registry, by status: passing or critical.",
        "service", "status"),
    _gauge(SERVICE_REGISTRY_LIST_AGE_SECONDS, "s",
        "Time since the registry last answered with the instances of a service.", "service"),
    _counter(SERVICE_REGISTRY_REGISTRATIONS, "{registration}",
        "Attempts to register this instance, by result: success or failure.",
        "result", precreated=True),
    _counter(TRAFFIC_REQUESTS, "{request}",
        "Requests sent by the traffic generator, by scenario and outcome.",
        "scenario", "outcome", precreated=True),
    _duration(TRAFFIC_REQUEST_DURATION_SECONDS,
        "Duration of these requests as their client sees it, from the time they were due.",
        "scenario", precreated=True),
)
# fmt: on
