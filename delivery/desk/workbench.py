"""Dead letters grouped by what they fail of, and the page that replays or drops a group, a choice or one at a rate."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from delivery import dead_letters, letter_jobs
from delivery.desk.jobs import PERMISSION
from delivery.desk.pages import WhyForm, doing, moment, name_of, needs, page
from delivery.models import DeadLetter, LetterJob
from foundation.errors import ControlPlaneUnavailable
from notifications.words import sentence

Action = LetterJob.Action
USUAL_RATE, USUAL_MOST = 50, 1_000
CHOSEN_MOST = 1_000
WILL = {
    Action.REPLAY: "Each goes through routing again, for its channel alone: preferences, addresses and suppressions "
    "are looked at anew, edited data takes the place of the old. What was sent after all isn't sent again.",
    Action.DROP: "Each is ended for good with the outcome dropped and your reason, which its timeline shows. What has "
    "been dropped can't be brought back; what hasn't gone yet can be undone.",
}


class JobForm(WhyForm):
    """How many, how fast, and why."""

    most = forms.IntegerField(
        label="How many at most", min_value=1, max_value=letter_jobs.MOST_LETTERS, initial=USUAL_MOST,
        widget=UnfoldAdminIntegerFieldWidget, help_text="The oldest first.",
    )  # fmt: skip
    rate = forms.IntegerField(
        label="Letters a second", min_value=letter_jobs.RATES[0], max_value=letter_jobs.RATES[1], initial=USUAL_RATE,
        widget=UnfoldAdminIntegerFieldWidget, help_text="Slow enough for whoever has to take them.",
    )  # fmt: skip
    field_order = ("most", "rate", "why")


@needs("delivery.view_deadletter")
def workbench(request: HttpRequest) -> HttpResponse:
    """What is parked, by what it fails of: how many, for how many users, since when."""
    try:
        groups, away = [_shown(group) for group in dead_letters.alike()], ""
    except ControlPlaneUnavailable as error:
        groups, away = [], str(error)
    running = LetterJob.objects.filter(state__in=(LetterJob.State.RUNNING, LetterJob.State.STOPPED))[:20]
    acts = [action for action in Action if request.user.has_perm(PERMISSION[action])]
    total = sum(group["count"] for group in groups)
    return page(request, "workbench", "Dead letters", groups=groups, away=away, jobs=running, acts=acts, total=total)


def _shown(group: dict[str, Any]) -> dict[str, Any]:
    return {
        **group,
        "says": sentence(group["error"], error=True) if group["error"] else "Nothing was said of why.",
        "oldest": moment(group["oldest"]),
        "newest": moment(group["newest"]),
    }


def of_group(request: HttpRequest, fingerprint: str, action: str) -> HttpResponse:
    """Replays or drops a group."""
    if action not in Action.values:
        raise Http404
    return needs(PERMISSION[Action(action)])(_of_group)(request, fingerprint, action)


def _of_group(request: HttpRequest, fingerprint: str, action: str) -> HttpResponse:
    letters = dead_letters.find().filter(fingerprint=fingerprint)
    first = letters.first()
    if first is None:
        raise Http404
    says = [first.error or "unknown error", first.provider_code, f"{first.type} by {first.channel}"]
    return asked(request, letters, action, ", ".join(part for part in says if part))


def asked(request: HttpRequest, letters: QuerySet[DeadLetter], action: str, what: str) -> HttpResponse:
    """Says what will happen, asks how many, how fast and why; then starts the job and shows it."""
    count = letters.filter(state=DeadLetter.State.PARKED).count()
    bound = request.method == "POST" and "why" in request.POST
    initial = {"most": max(1, min(count, USUAL_MOST))}
    form = JobForm(request.POST if bound else None, initial=initial)
    started: list[LetterJob] = []
    if form.is_valid():
        given = {**form.cleaned_data, "by": name_of(request)}
        act = lambda: started.append(letter_jobs.start(letters, action=action, what=what, **given))  # noqa: E731
        if doing(request, act, "Begun. What hasn't gone yet can be undone."):
            return HttpResponseRedirect(reverse("admin:letter_job", args=[started[0].pk]))
    verb = Action(action).label.capitalize()
    shown = {"form": form, "verb": verb, "will": WILL[Action(action)], "count": count, "action": action}
    chosen = request.POST.getlist("_selected_action")[:CHOSEN_MOST]
    across = request.POST.get("select_across") == "1"
    return page(request, "letters_asked", f"{verb}: {what}", what=what, chosen=chosen, across=across, **shown)
