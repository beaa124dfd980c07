"""Edges of the trace of a placed order: parent and child, as ``service: span name``."""

GET_USER = "shop.users.v1.UserService/GetUser"

PLACE_ORDER = {
    ("client", "gateway: POST /api/orders"),
    ("gateway: POST /api/orders", "gateway: POST /orders"),
    ("gateway: POST /orders", "orders: POST /orders"),
    ("orders: POST /orders", f"orders: {GET_USER}"),
    (f"orders: {GET_USER}", f"users: {GET_USER}"),
    (f"users: {GET_USER}", "users: SELECT users"),
    ("orders: POST /orders", "orders: INSERT orders"),
    ("orders: POST /orders", "orders: INSERT outbox"),
    ("orders: POST /orders", "orders: send fulfilment"),
    ("orders: POST /orders", "orders: send order.created"),
    ("orders: POST /orders", "orders: DELETE outbox"),
}
"""HTTP, gRPC, database, worker and event spans over three services."""
