"""The social service's words: followers, replies, friends."""

from __future__ import annotations

from demo.company.copywriting import Copy, Message

FOLLOWER = Message(
    action_url="/people/{{ follower_id | urlencode }}", picture="person", data={"follower_id": "{{ follower_id }}"}
).texts(
    Copy(
        locale="en",
        title="{{ follower_name }} follows you now",
        body="You have {{ followers | number }} followers. Say hello?",
        push="Say hello?",
    ),
    Copy(
        locale="de",
        title="{{ follower_name }} folgt Ihnen jetzt",
        body="Sie haben {{ followers | number }} Follower. Sagen Sie doch Hallo.",
        push="Sagen Sie doch Hallo.",
    ),
)

REPLY = Message(
    action_url="/posts/{{ post_id | urlencode }}#{{ comment_id | urlencode }}",
    picture="chat",
    data={"post_id": "{{ post_id }}", "comment_id": "{{ comment_id }}"},
).texts(
    Copy(
        locale="en",
        title="{{ author_name }} replied to you",
        body="“{{ excerpt | truncate(120) }}” on {{ post_title }}",
    ),
    Copy(
        locale="de",
        title="{{ author_name }} hat Ihnen geantwortet",
        body="„{{ excerpt | truncate(120) }}“ zu {{ post_title }}",
    ),
)

FRIEND = Message(
    action_url="/people/{{ friend_id | urlencode }}", picture="wave", data={"friend_id": "{{ friend_id }}"}
).texts(
    Copy(
        locale="en",
        title="{{ friend_name }} is on Harbor",
        body="Somebody from your contacts has joined. Welcome {{ friend_name }}!",
    ),
    Copy(
        locale="de",
        title="{{ friend_name }} ist jetzt bei Harbor",
        body="Jemand aus Ihren Kontakten ist neu hier. Heißen Sie {{ friend_name }} willkommen!",
    ),
)
