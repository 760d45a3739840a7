"""The marketing service's words: prices, the week, announcements."""

from __future__ import annotations

from demo.company.copywriting import Copy, Message

PRICE_DROP = Message(
    action_url="/products/{{ product_id | urlencode }}", picture="tag", data={"product_id": "{{ product_id }}"}
).texts(
    Copy(
        locale="en",
        title="{{ product_name }} is cheaper now",
        body="{{ new_price | money(currency) }} instead of {{ old_price | money(currency) }}. It is on your list.",
        push="{{ new_price | money(currency) }} instead of {{ old_price | money(currency) }}.",
        subject="{{ product_name }}: now {{ new_price | money(currency) }}",
        mail="<h1>{{ product_name }} is cheaper now</h1>\n<p>You put it on your list. Today it costs "
        "<strong>{{ new_price | money(currency) }}</strong> instead of <s>{{ old_price | money(currency) }}</s>.</p>"
        '\n<p><a class="button" href="{{ content.action_url }}">Have a look</a></p>',
    ),
    Copy(
        locale="de",
        title="{{ product_name }} ist jetzt günstiger",
        body="{{ new_price | money(currency) }} statt {{ old_price | money(currency) }}. Steht auf Ihrer Liste.",
        push="{{ new_price | money(currency) }} statt {{ old_price | money(currency) }}.",
        subject="{{ product_name }}: jetzt {{ new_price | money(currency) }}",
        mail="<h1>{{ product_name }} ist jetzt günstiger</h1>\n<p>Es steht auf Ihrer Liste und kostet heute "
        "<strong>{{ new_price | money(currency) }}</strong> statt <s>{{ old_price | money(currency) }}</s>.</p>"
        '\n<p><a class="button" href="{{ content.action_url }}">Ansehen</a></p>',
    ),
)

_STORIES = """
{% for story in stories %}
<p><a href="{{ story.url }}"><strong>{{ story.title }}</strong></a><br>
<span class="quiet">{{ story.summary }}</span></p>
{% endfor %}"""
_STORIES_TEXT = "{% for story in stories %}- {{ story.title }}\n  {{ story.url }}\n{% endfor %}"

DIGEST = Message(action_url="/digest/{{ week }}", picture="news", with_push=False).texts(
    Copy(
        locale="en",
        title="Your week on Harbor",
        body="{{ stories | length }} stories you may have missed, beginning with “{{ stories[0].title }}”.",
        subject="Your week on Harbor: {{ stories[0].title }}",
        mail_text=f"What you may have missed:\n\n{_STORIES_TEXT}",
        mail=f"<h1>Your week on Harbor</h1>\n<p>What you may have missed:</p>{_STORIES}"
        '\n<p><a class="button" href="{{ content.action_url }}">Read all of it</a></p>',
    ),
    Copy(
        locale="de",
        title="Ihre Woche bei Harbor",
        body="{{ stories | length }} Geschichten, die Sie verpasst haben könnten: „{{ stories[0].title }}“ und mehr.",
        subject="Ihre Woche bei Harbor: {{ stories[0].title }}",
        mail_text=f"Was Sie vielleicht verpasst haben:\n\n{_STORIES_TEXT}",
        mail=f"<h1>Ihre Woche bei Harbor</h1>\n<p>Was Sie vielleicht verpasst haben:</p>{_STORIES}"
        '\n<p><a class="button" href="{{ content.action_url }}">Alles lesen</a></p>',
    ),
)

_ANNOUNCEMENT_MAIL = """<h1>{{ title }}</h1>
<p>{{ body }}</p>
<p><a class="button" href="{{ content.action_url }}">__MORE__</a></p>"""

ANNOUNCEMENT = Message(
    action_url='{{ url if url is defined else "/announcements" }}',
    picture="megaphone",
).texts(
    Copy(
        locale="en",
        title="{{ title }}",
        body="{{ body }}",
        mail=_ANNOUNCEMENT_MAIL.replace("__MORE__", "Find out more"),
    ),
    Copy(
        locale="de",
        title="{{ title }}",
        body="{{ body }}",
        mail=_ANNOUNCEMENT_MAIL.replace("__MORE__", "Mehr erfahren"),
    ),
)
