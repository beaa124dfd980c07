from demo_services.shop import BROKEN_ORDER, DELETED_USER, first_orders, first_users


def test_a_new_shop_is_the_same_in_every_run() -> None:
    assert first_orders() == first_orders()


def test_only_the_broken_order_names_a_user_who_does_not_exist() -> None:
    users = {user.id for user in first_users()}

    orphans = [order for order in first_orders() if order.user_id not in users]

    assert [(order.id, order.user_id) for order in orphans] == [(BROKEN_ORDER, DELETED_USER)]
