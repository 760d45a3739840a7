"""The catalog: in memory, fresh within a second in every process, alive without Redis and without SQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connections

from foundation.errors import ControlPlaneUnavailable
from foundation.redis import get_redis
from preferences.facts import TypeFacts
from templates_app.catalog import Catalog, get_catalog
from templates_app.content import Content, RenderRequest
from templates_app.models import NotificationType
from templates_app.publish import publish
from templates_app.render import render
from templates_app.texts import TEXTS
from templates_app.words import Words
from tests.sql_away import sql_away

MakeType = Callable[..., NotificationType]


def in_new_process(question: Callable[[], Any]) -> Any:
    """The answer of a thread with connections of its own, closed at the end."""

    def ask() -> Any:
        try:
            return question()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result()


def test_facts_are_what_the_row_says(make_type: MakeType) -> None:
    make_type("login_code", Words("sms", "en", body="x"), priority="critical", mandatory=True, two_factor=True,
              channels=["sms", "push"], category="security", expires_after_s=600)  # fmt: skip
    assert get_catalog().facts("login_code") == TypeFacts(
        name="login_code", category="security", priority="critical", channels=("sms", "push"), mandatory=True,
        two_factor=True, expires_after_s=600, version=2, template_version=1,
    )  # fmt: skip
    assert get_catalog().facts("nothing") is None


def test_names_categories_and_near_matches(make_type: MakeType) -> None:
    make_type("order_shipped")
    make_type("order_delayed")
    make_type("new_follower", category="social")
    catalog = get_catalog()
    assert catalog.names() == ["new_follower", "order_delayed", "order_shipped"]
    assert catalog.categories() == {"order_updates": ["order_delayed", "order_shipped"], "social": ["new_follower"]}
    assert catalog.near("order_shiped")[0] == "order_shipped"
    assert catalog.near("zzz") == []


def test_a_name_belongs_to_a_type_or_a_category_never_to_both(make_type: MakeType) -> None:
    kind = make_type("order_shipped", category="order_updates")
    for fields in ({"name": "order_updates", "category": "x"}, {"name": "y", "category": "order_shipped"}):
        with pytest.raises(ValidationError):
            NotificationType.objects.create(channels=["in_app"], **fields)
        with pytest.raises(ValidationError):
            NotificationType(channels=["in_app"], **fields).full_clean()
    kind.delete()
    make_type("order_updates", category="order_shipped")  # both names are free again


@pytest.mark.django_db(transaction=True)
class TestAcrossProcesses:
    """Each `Catalog` stands for a process."""

    def test_a_change_is_seen_at_the_next_look(self, monkeypatch: pytest.MonkeyPatch, make_type: MakeType) -> None:
        kind = make_type("order_shipped")
        other = Catalog()
        assert other.facts("order_shipped")
        kind.priority = "critical"
        kind.save()
        monkeypatch.setattr(settings, "CATALOG_CHECK_S", 0)
        other._check_at = 0  # a second later
        facts = other.facts("order_shipped")
        assert facts is not None
        assert facts.priority == "critical"

    def test_a_new_type_is_found_at_once(self, make_type: MakeType) -> None:
        other = Catalog()
        assert other.names() == []
        make_type("order_shipped")
        assert other.facts("order_shipped") is not None

    def test_between_two_looks_nothing_is_asked(
        self, make_type: MakeType, django_assert_num_queries: Any, redis: Any
    ) -> None:
        make_type("order_shipped")
        catalog = Catalog()
        catalog.facts("order_shipped")
        before = redis.info("commandstats")["cmdstat_get"]["calls"]
        with django_assert_num_queries(0):
            for _ in range(1_000):
                catalog.facts("order_shipped")
        assert redis.info("commandstats")["cmdstat_get"]["calls"] - before <= 1

    def test_a_wiped_redis_leads_to_sql(self, make_type: MakeType, redis: Any) -> None:
        kind = make_type("order_shipped")
        other = Catalog()
        other.facts("order_shipped")
        redis.flushdb()
        NotificationType.objects.filter(pk=kind.pk).update(priority="low")  # announced to nobody
        other._check_at = 0
        facts = other.facts("order_shipped")
        assert facts is not None
        assert facts.priority == "low"
        assert redis.get(f"{settings.REDIS_PREFIX}catalog:mark")

    def test_without_redis_sql_is_read_at_intervals(
        self, make_type: MakeType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        kind = make_type("order_shipped")
        monkeypatch.setattr(settings, "REDIS_URL", f"unix://{tmp_path}/none.sock")
        get_redis.cache_clear()
        try:
            other = Catalog()
            assert other.facts("order_shipped")
            NotificationType.objects.filter(pk=kind.pk).update(priority="low")
            assert other.facts("order_shipped").priority == "normal"  # type: ignore[union-attr]
            other._check_at = other._redis_away_until = 0  # the interval is over
            assert other.facts("order_shipped").priority == "low"  # type: ignore[union-attr]
        finally:
            get_redis.cache_clear()

    def test_a_process_started_without_sql_knows_types_and_words(self, make_type: MakeType) -> None:
        make_type("order_shipped", Words("in_app", "en", title="Hi {{ name }}"))
        assert get_catalog().facts("order_shipped")

        def started_now() -> Any:
            get_catalog.cache_clear()
            TEXTS.clear()
            request = RenderRequest(type="order_shipped", channel="in_app", locale="de", data={"name": "Ada"})
            return get_catalog().facts("order_shipped"), render([request])[0]

        with sql_away():
            facts, content = in_new_process(started_now)
        assert facts.template_version == 1
        assert isinstance(content, Content)
        assert content.title == "Hi Ada"

    def test_a_wiped_redis_gets_its_copies_again(self, make_type: MakeType, redis: Any) -> None:
        make_type("order_shipped", Words("in_app", "en", title="Hi"))
        request = RenderRequest(type="order_shipped", channel="in_app", locale="en", data={})
        render([request])
        redis.flushdb()
        get_catalog()._check_at = 0  # a second later
        get_catalog().names()

        def started_now() -> Any:
            get_catalog.cache_clear()
            TEXTS.clear()
            return render([request])[0]

        with sql_away():
            assert in_new_process(started_now).title == "Hi"

    def test_without_sql_and_copies_it_says_so(self, make_type: MakeType, redis: Any) -> None:
        make_type("order_shipped", Words("in_app", "en", title="x"))
        redis.flushdb()
        with sql_away(), pytest.raises(ControlPlaneUnavailable):
            in_new_process(lambda: Catalog().facts("order_shipped"))

    def test_it_goes_on_with_what_it_has(self, make_type: MakeType) -> None:
        make_type("order_shipped")
        catalog = Catalog()
        catalog.facts("order_shipped")

        def later() -> Any:
            catalog.forget()
            get_redis().flushdb()
            return catalog.facts("order_shipped")

        with sql_away():
            assert in_new_process(later) is not None

    async def test_it_answers_in_an_event_loop_too(self, make_type: MakeType) -> None:
        assert Catalog().facts("order_shipped") is None

    def test_published_words_are_seen_at_the_next_look(self, make_type: MakeType) -> None:
        kind = make_type("order_shipped", Words("in_app", "en", title="old"))
        request = RenderRequest(type="order_shipped", channel="in_app", locale="en", data={})
        assert render([request])[0].title == "old"  # type: ignore[union-attr]
        publish(kind, [Words("in_app", "en", title="new")])
        assert render([request])[0].title == "new"  # type: ignore[union-attr]

    def test_a_type_made_anew_has_its_own_words(self, make_type: MakeType) -> None:
        request = RenderRequest(type="order_shipped", channel="in_app", locale="en", data={}, template_version=1)
        for title in ("first", "second"):
            NotificationType.objects.all().delete()
            make_type("order_shipped", Words("in_app", "en", title=title))
            assert render([request])[0].title == title  # type: ignore[union-attr]

    def test_threads_read_it_side_by_side(self, make_type: MakeType) -> None:
        make_type("order_shipped")
        catalog, barrier = Catalog(), threading.Barrier(6)

        def ask() -> bool:
            barrier.wait()
            return catalog.facts("order_shipped") is not None

        with ThreadPoolExecutor(6) as pool:
            answers = [pool.submit(in_new_process, ask) for _ in range(6)]
        assert all(answer.result() for answer in answers)
