"""Identity labels of an organization in queries, templates and addresses."""

import pytest

from sightline.mixin.places import Places

TENANTS = Places(names={"cluster": (), "namespace": ("ns", "tenant")})


@pytest.mark.parametrize(
    ("written", "adopted"),
    [
        ("sum by (cluster, namespace, job) (up)", "sum by (ns, tenant, job) (up)"),
        ("a / on (cluster) group_left () b", "a / on () group_left () b"),
        (
            'up{cluster=~"$cluster|", namespace=~"$namespace|", job!=""}',
            'up{ns=~"$ns|", tenant=~"$tenant|", job!=""}',
        ),
        ('up{cluster="eu"} == 0', "up{} == 0"),
        (
            '{{ printf `a{namespace="%s"}` $labels.namespace | query }}',
            '{{ printf `a{ns="%s", tenant="%s"}` $labels.ns $labels.tenant | query }}',
        ),
        ('x{route="/{cluster}", le="+Inf"}', 'x{route="/{cluster}", le="+Inf"}'),
        ("Restart the cluster (namespace, job).", "Restart the cluster (namespace, job)."),
    ],
)
def test_each_item_of_a_list_becomes_those_of_its_labels(written: str, adopted: str) -> None:
    assert TENANTS.promql(written) == adopted


@pytest.mark.parametrize(
    ("written", "adopted"),
    [
        (
            "/d/a?var-cluster={{ $labels.cluster }}&var-namespace={{ $labels.namespace }}&var-b=c",
            "/d/a?var-ns={{ $labels.ns }}&var-tenant={{ $labels.tenant }}&var-b=c",
        ),
        (
            "/d/slo?${__url_time_range}&${cluster:queryparam}&${namespace:queryparam}",
            "/d/slo?${__url_time_range}&${ns:queryparam}&${tenant:queryparam}",
        ),
        ("/d/stack?var-cluster=eu&var-a=b", "/d/stack?var-a=b"),
    ],
)
def test_the_variables_of_an_address_are_those_of_the_labels(written: str, adopted: str) -> None:
    assert TENANTS.url(written) == adopted


def test_without_choices_nothing_changes() -> None:
    assert Places().promql("sum by (cluster) (up)") == "sum by (cluster) (up)"
