from demo_services.shop import BROKEN_ORDER, DELETED_USER, initial_orders, initial_users


def test_initial_orders_are_equal_in_every_run() -> None:
    assert initial_orders() == initial_orders()


def test_only_the_broken_order_refers_to_a_missing_user() -> None:
    users = {user.id for user in initial_users()}

    orphans = [order for order in initial_orders() if order.user_id not in users]

    assert [(order.id, order.user_id) for order in orphans] == [(BROKEN_ORDER, DELETED_USER)]
