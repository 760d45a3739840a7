"""Accepting looks at an event's data as its type's variables say."""

from __future__ import annotations

import pytest

from foundation.clock import now_ms
from foundation.errors import InvalidRequest
from notifications.accept import accept
from notifications.explain import explain
from notifications.sending import Accepted
from templates_app.catalog import get_catalog
from templates_app.variables.kinds import Declared
from templates_app.variables.rows import set_variables
from tests.notifications.accepting import SENDER, a_request, make_type, written

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_process", "empty_log")]
VARIABLES = [Declared("order_id"), Declared("items", "list", required=False), Declared("items[].price", "number")]


@pytest.fixture(autouse=True)
def _kind(fresh_process: None) -> None:
    set_variables(make_type(), VARIABLES)
    get_catalog().forget()


def test_data_that_fits_is_accepted():
    data = {"order_id": "1", "items": [{"price": 2}], "more": True}
    (answer,) = accept([a_request(data=data)], SENDER, now=now_ms())
    assert isinstance(answer, Accepted)
    assert written()[0][1].data == data


def test_data_that_doesnt_is_refused_with_its_field_and_the_others_go_through():
    requests = [a_request(data={"order_id": 7}), a_request(data={"order_id": "7"}), a_request(data={})]
    wrong, fine, empty = accept(requests, SENDER, now=now_ms())
    assert isinstance(fine, Accepted)
    assert isinstance(wrong, InvalidRequest)
    assert isinstance(empty, InvalidRequest)
    assert (wrong.field, wrong.code, wrong.status) == ("data.order_id", "unfit_data", 400)
    assert wrong.detail == "`data.order_id` has to be a text."
    assert empty.detail == "`data.order_id` is missing; this type requires it."
    assert len(written()) == 1


def test_the_path_leads_to_a_lists_element():
    (refusal,) = accept(
        [a_request(data={"order_id": "1", "items": [{"price": 1}, {"price": "2"}]})], SENDER, now=now_ms()
    )
    assert refusal.field == "data.items[1].price"


def test_explain_refuses_what_would_be_refused():
    with pytest.raises(InvalidRequest, match="order_id"):
        explain(a_request(data={}), SENDER, now=now_ms())


def test_variables_that_are_changed_count_at_once():
    set_variables(make_type("invoice"), [Declared("number", "integer")])
    get_catalog().forget()
    request = a_request(type="invoice", data={})
    assert isinstance(accept([request], SENDER, now=now_ms())[0], InvalidRequest)
    from templates_app.models import Variable

    Variable.objects.filter(path="number").get().delete()
    assert isinstance(accept([request], SENDER, now=now_ms())[0], Accepted)
