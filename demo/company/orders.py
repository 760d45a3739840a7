"""The order service's words: confirmed, shipped, delayed, payment failed, how was it."""

from __future__ import annotations

from demo.company.copywriting import Copy, Message

NUMBER = '{{ order_id | replace("ord_", "") | upper }}'
_PATH = '/orders/{{ order_id | replace("ord_", "") | urlencode }}'


def _button(words: str) -> str:
    return f'\n<p><a class="button" href="{{{{ content.action_url }}}}">{words}</a></p>'


def _facts(*rows: tuple[str, str]) -> str:
    cells = "\n".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows)
    return (
        f'\n<table class="facts" role="presentation" cellpadding="0" cellspacing="0"><tbody>\n{cells}\n</tbody></table>'
    )


_ITEMS = """
<table class="facts" role="presentation" cellpadding="0" cellspacing="0"><tbody>
{% for item in items %}
<tr><th>{{ item.count }} × {{ item.name }}</th><td>{{ item.price | money(currency) }}</td></tr>
{% endfor %}
<tr><th><strong>__TOTAL__</strong></th><td>{{ total | money(currency) }}</td></tr>
</tbody></table>"""

CONFIRMED = Message(
    action_url=_PATH,
    picture="receipt",
    data={"order_id": "{{ order_id }}", "total": "{{ total | money(currency) }}"},
).texts(
    Copy(
        locale="en",
        title="Thank you for your order",
        body=f"We have your order #{NUMBER} over {{{{ total | money(currency) }}}}. It should be with you on "
        "{{ delivery_date | date }}.",
        push=f"Order #{NUMBER} is confirmed: {{{{ total | money(currency) }}}}.",
        subject=f"Your order #{NUMBER} is confirmed",
        mail_text="Thank you! We have your order #" + NUMBER + ".\n\n"
        "{% for item in items %}{{ item.count }} × {{ item.name }}: {{ item.price | money(currency) }}\n{% endfor %}"
        "Total: {{ total | money(currency) }}\n\n"
        f"It should be with you on {{{{ delivery_date | date }}}}.\n{{{{ site }}}}{_PATH}",
        mail=f"<h1>Thank you for your order</h1>\n<p>We have your order <strong>#{NUMBER}</strong> and are packing it. "
        "It should be with you on <strong>{{ delivery_date | date }}</strong>.</p>"
        + _ITEMS.replace("__TOTAL__", "Total")
        + _button("View your order"),
    ),
    Copy(
        locale="de",
        title="Danke für Ihre Bestellung",
        body=f"Ihre Bestellung #{NUMBER} über {{{{ total | money(currency) }}}} ist bei uns. Sie sollte am "
        "{{ delivery_date | date }} bei Ihnen sein.",
        push=f"Bestellung #{NUMBER} ist bestätigt: {{{{ total | money(currency) }}}}.",
        subject=f"Ihre Bestellung #{NUMBER} ist bestätigt",
        mail_text="Vielen Dank! Ihre Bestellung #" + NUMBER + " ist bei uns.\n\n"
        "{% for item in items %}{{ item.count }} × {{ item.name }}: {{ item.price | money(currency) }}\n{% endfor %}"
        "Summe: {{ total | money(currency) }}\n\n"
        f"Sie sollte am {{{{ delivery_date | date }}}} bei Ihnen sein.\n{{{{ site }}}}{_PATH}",
        mail=f"<h1>Danke für Ihre Bestellung</h1>\n<p>Ihre Bestellung <strong>#{NUMBER}</strong> ist bei uns, wir "
        "packen sie gerade. Sie sollte am <strong>{{ delivery_date | date }}</strong> bei Ihnen sein.</p>"
        + _ITEMS.replace("__TOTAL__", "Summe")
        + _button("Bestellung ansehen"),
    ),
)

SHIPPED = Message(
    action_url=_PATH,
    picture="parcel",
    data={"order_id": "{{ order_id }}", "tracking_number": "{{ tracking_number }}", "carrier": "{{ carrier }}"},
).texts(
    Copy(
        locale="en",
        title="Your order has shipped!",
        body=f"Order #{NUMBER} is on its way via {{{{ carrier }}}}.",
        subject=f"Your order #{NUMBER} is on its way",
        mail_text=f"Good news: your order #{NUMBER} has left our warehouse.\n\n"
        "Carrier: {{ carrier }}\nTracking number: {{ tracking_number }}\n\n" + f"Follow it: {{{{ site }}}}{_PATH}",
        mail="<h1>It’s on its way</h1>\n"
        f"<p>Good news: your order <strong>#{NUMBER}</strong> has left our warehouse.</p>"
        + _facts(("Carrier", "{{ carrier }}"), ("Tracking number", "{{ tracking_number }}"))
        + _button("Track your parcel")
        + '\n<p class="quiet">It can take a few hours until the carrier shows the first scan.</p>',
        sms=f"Harbor: your order #{NUMBER} is on its way via {{{{ carrier }}}}, tracking {{{{ tracking_number }}}}.",
    ),
    Copy(
        locale="de",
        title="Ihre Bestellung ist unterwegs!",
        body=f"Bestellung #{NUMBER} kommt mit {{{{ carrier }}}} zu Ihnen.",
        subject=f"Ihre Bestellung #{NUMBER} ist unterwegs",
        mail_text=f"Gute Nachrichten: Ihre Bestellung #{NUMBER} hat unser Lager verlassen.\n\n"
        "Versand: {{ carrier }}\nSendungsnummer: {{ tracking_number }}\n\n" + f"Verfolgen: {{{{ site }}}}{_PATH}",
        mail="<h1>Schon unterwegs</h1>\n"
        f"<p>Gute Nachrichten: Ihre Bestellung <strong>#{NUMBER}</strong> hat unser Lager verlassen.</p>"
        + _facts(("Versand", "{{ carrier }}"), ("Sendungsnummer", "{{ tracking_number }}"))
        + _button("Paket verfolgen")
        + '\n<p class="quiet">Bis zum ersten Scan können einige Stunden vergehen.</p>',
        sms=f"Harbor: Ihre Bestellung #{NUMBER} kommt mit {{{{ carrier }}}}, Sendung {{{{ tracking_number }}}}.",
    ),
)

DELAYED = Message(action_url=_PATH, picture="clock", data={"order_id": "{{ order_id }}"}).texts(
    Copy(
        locale="en",
        title="Your order will be a little late",
        body=f"Sorry! Order #{NUMBER} now arrives on {{{{ new_date | date }}}}. {{{{ reason }}}}",
        push=f"Order #{NUMBER} now arrives on {{{{ new_date | date }}}}.",
        subject=f"A new date for your order #{NUMBER}",
        mail_text=f"We are sorry: your order #{NUMBER} is delayed. It now arrives on {{{{ new_date | date }}}}.\n"
        f"{{{{ reason }}}}\n\n{{{{ site }}}}{_PATH}",
        mail="<h1>A little late, and we are sorry</h1>\n"
        f"<p>Your order <strong>#{NUMBER}</strong> now arrives on <strong>{{{{ new_date | date }}}}</strong>.</p>"
        '\n<p class="notice">{{ reason }}</p>\n<p>If that doesn’t suit you, you can cancel it free of charge.</p>'
        + _button("See your options"),
    ),
    Copy(
        locale="de",
        title="Ihre Bestellung verspätet sich",
        body=f"Es tut uns leid: Bestellung #{NUMBER} kommt nun am {{{{ new_date | date }}}}. {{{{ reason }}}}",
        push=f"Bestellung #{NUMBER} kommt nun am {{{{ new_date | date }}}}.",
        subject=f"Ein neuer Termin für Ihre Bestellung #{NUMBER}",
        mail_text=f"Es tut uns leid: Ihre Bestellung #{NUMBER} verspätet sich. "
        "Sie kommt am {{ new_date | date }}.\n"
        f"{{{{ reason }}}}\n\n{{{{ site }}}}{_PATH}",
        mail="<h1>Etwas später als gedacht</h1>\n"
        f"<p>Ihre Bestellung <strong>#{NUMBER}</strong> kommt nun am <strong>{{{{ new_date | date }}}}</strong>. "
        "Das tut uns leid.</p>"
        '\n<p class="notice">{{ reason }}</p>\n<p>Wenn Ihnen das nicht passt, können Sie kostenlos stornieren.</p>'
        + _button("Möglichkeiten ansehen"),
    ),
)

PAYMENT_FAILED = Message(
    action_url=f"{_PATH}/payment", picture="card", data={"order_id": "{{ order_id }}", "amount": "{{ amount }}"}
).texts(
    Copy(
        locale="en",
        title="Your payment didn’t go through",
        body="We couldn’t charge {{ amount | money(currency) }} to your card ending in {{ card_last4 }}. "
        f"Order #{NUMBER} waits until {{{{ retry_until | date }}}}.",
        push="{{ amount | money(currency) }}, card ending in {{ card_last4 }}. Please check your payment.",
        subject=f"Action needed: payment for order #{NUMBER}",
        mail='<h1>Your payment didn’t go through</h1>\n<p class="notice">We couldn’t charge '
        "<strong>{{ amount | money(currency) }}</strong> to your card ending in {{ card_last4 }}.</p>\n"
        f"<p>We keep order <strong>#{NUMBER}</strong> for you until {{{{ retry_until | date }}}}. "
        "Pay with another card, or try the same one again.</p>" + _button("Pay now"),
        sms=f"Harbor: your payment for order #{NUMBER} failed. Pay until {{{{ retry_until | date }}}}: "
        f"{{{{ site }}}}{_PATH}",
    ),
    Copy(
        locale="de",
        title="Ihre Zahlung ist fehlgeschlagen",
        body="Wir konnten {{ amount | money(currency) }} nicht von Ihrer Karte mit der Endung {{ card_last4 }} "
        f"abbuchen. Bestellung #{NUMBER} wartet bis {{{{ retry_until | date }}}}.",
        push="{{ amount | money(currency) }}, Karte mit der Endung {{ card_last4 }}. Bitte prüfen Sie Ihre Zahlung.",
        subject=f"Bitte prüfen: Zahlung für Bestellung #{NUMBER}",
        mail='<h1>Ihre Zahlung ist fehlgeschlagen</h1>\n<p class="notice">Wir konnten '
        "<strong>{{ amount | money(currency) }}</strong> nicht von Ihrer Karte mit der Endung {{ card_last4 }} "
        f"abbuchen.</p>\n<p>Wir halten die Bestellung <strong>#{NUMBER}</strong> bis {{{{ retry_until | date }}}} "
        "für Sie bereit. Zahlen Sie mit einer anderen Karte oder versuchen Sie es noch einmal.</p>"
        + _button("Jetzt zahlen"),
        sms=f"Harbor: Zahlung für Bestellung #{NUMBER} fehlgeschlagen. Zahlbar bis {{{{ retry_until | date }}}}: "
        f"{{{{ site }}}}{_PATH}",
    ),
)

FEEDBACK = Message(
    action_url=f"{_PATH}/feedback", picture="star", data={"order_id": "{{ order_id }}"}, with_push=False
).texts(
    Copy(
        locale="en",
        title="How did we do?",
        body="Your parcel from {{ store_name }} has arrived. Tell us in one tap how it went.",
        subject="How was your delivery from {{ store_name }}?",
        mail="<h1>How did we do?</h1>\n<p>Your parcel from <strong>{{ store_name }}</strong> has arrived. "
        "One tap tells us how it went, and helps the next parcel.</p>" + _button("Rate the delivery"),
    ),
    Copy(
        locale="de",
        title="Wie war die Lieferung?",
        body="Ihr Paket von {{ store_name }} ist da. Sagen Sie uns mit einem Tipp, wie es lief.",
        subject="Wie war Ihre Lieferung von {{ store_name }}?",
        mail="<h1>Wie war die Lieferung?</h1>\n<p>Ihr Paket von <strong>{{ store_name }}</strong> ist da. "
        "Ein Tipp genügt, und das nächste Paket wird besser.</p>" + _button("Lieferung bewerten"),
    ),
)
