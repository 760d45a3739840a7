"""What a hostile or clumsy template can't do: take long, grow large, reach out of its data."""

from __future__ import annotations

import time
from typing import Any

import pytest

from foundation.errors import TemplateError
from templates_app.compiled import CompiledText
from templates_app.content import Content
from templates_app.words import Words

BIG = {"x": "a" * 60_000, "xs": [{"k": "v"}] * 3_000}
LONG = 1.0


def yield_of(source: str, data: dict[str, Any] | None = None, channel: str = "in_app") -> Content:
    text = CompiledText(Words(channel, "en", body=source), name="t", type_name="t", version=1)
    return text.render(data or {}, {"id": "usr_1", "locale": "en"})


LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}"
ENDS = "{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    "source",
    [
        LOOP + ENDS,
        LOOP + "{% if x in x %}{% endif %}" + ENDS,
        LOOP + "{% if xs == xs %}{% endif %}" + ENDS,
        LOOP + "{% set y = x[::-1] %}" + ENDS,
        LOOP + "{% set y = x.upper() %}" + ENDS,
        LOOP + "{% set y = xs | tojson %}" + ENDS,
        LOOP + "{% set y = range(100000) | list %}" + ENDS,
        LOOP + "{% set y = x.split() | length %}" + ENDS,
        "{% for a in xs if xs | sort(attribute='k') %}" + "{% for b in xs if xs == xs %}" + ENDS,
        "{% set a = 'x' %}" + "{% set a = a ~ a %}" * 40,
        "{% set a = 'x' %}" + "{% set a = a + a %}" * 40,
        "{% set a = 9 %}" + "{% set a = a * a %}" * 40,
        "{{ x | replace('', x) }}",
        "{{ xs | map(attribute='k') | join(x) }}",
        "{{ xs | map('_steps', -99999999) | list | length }}" + LOOP + ENDS,
        "{{ 1 | round(10 ** 9) }}",
        "{{ 'x' * 10000000000 }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ '{:>9999999999}'.format(1) }}",
        "{{ x.ljust(9999999999) }}",
        "{{ x | center(9999999999) }}",
        "{{ xs | tojson(indent=9999999999) }}",
        "{% set a = [1] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}",
        "{% macro m(n) %}{{ m(n) }}{{ m(n) }}{% endmacro %}{{ m(1) }}",
        "{% for a in xs recursive %}{{ loop(xs) }}{% endfor %}",
        "{% set y %}" + LOOP + "{{ x }}" + ENDS + "{% endset %}",
        "{{ (" * 300 + "1" + ")}}" * 300,
        "{% for a in range(10) %}" * 30 + "{% endfor %}" * 30,
    ],
)
def test_no_template_takes_long_or_grows_large(source: str) -> None:
    started = time.perf_counter()
    with pytest.raises(TemplateError):
        yield_of(source, BIG)
    assert time.perf_counter() - started < LONG


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ x['__class__'] }}",
        "{{ x | attr('__class__') }}",
        "{{ recipient.__init__.__globals__ }}",
        "{{ range.__self__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ xs.append(1) }}",
        "{{ xs.clear() }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ [x] | map(attribute='__class__') | first }}",
        "{{ lipsum(99999) }}",
    ],
)
def test_no_template_reaches_out_of_its_data(source: str) -> None:
    with pytest.raises(TemplateError):
        yield_of(source, {"x": "a", "xs": [1]})


def test_an_objects_own_field_comes_before_a_method_of_that_name() -> None:
    assert (
        yield_of("{{ order.items[0] }} {{ order.values }}", {"order": {"items": ["tea"], "values": 3}}).body == "tea 3"
    )


def test_a_list_is_not_printed_for_people_to_read() -> None:
    with pytest.raises(TemplateError, match="name the field"):
        yield_of("{{ xs }}", {"xs": [1, 2]})


def test_null_prints_nothing() -> None:
    assert yield_of("Hi{{ name }}!", {"name": None}).body == "Hi!"


def test_what_a_shop_needs_is_allowed() -> None:
    source = (
        "{% for item in items if item.count %}{{ loop.index }}. {{ item.name | truncate(20) }} × {{ item.count }}"
        "{{ ', ' if not loop.last }}{% else %}nothing{% endfor %}"
        "{% set rest = total - paid %}"
        "{% if rest > 0 and name is defined %} · {{ name.split(' ')[0] }}: {{ rest }}{% endif %}"
    )
    data = {
        "items": [{"name": "Tea", "count": 2}, {"name": "Mug", "count": 1}],
        "total": 20,
        "paid": 5,
        "name": "Ada L",
    }
    assert yield_of(source, data).body == "1. Tea × 2, 2. Mug × 1 · Ada: 15"


def test_the_same_template_and_data_end_alike_each_time() -> None:
    def reason() -> str:
        with pytest.raises(TemplateError) as caught:
            yield_of("{% for a in range(99999) %}{% for b in range(3) %}{% endfor %}{% endfor %}")
        return str(caught.value)

    assert len({reason() for _ in range(3)}) == 1
