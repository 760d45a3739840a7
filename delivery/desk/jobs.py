"""Replays and drops under way: how far each is, stopped, resumed, undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.views.decorators.http import require_POST
from unfold.decorators import display

from delivery import letter_jobs
from delivery.desk.observed import STATE_COLOURS, Observed
from delivery.desk.pages import as_json, doing, moment, needs, page
from delivery.models import LetterJob

PERMISSION: dict[str, str] = {
    LetterJob.Action.REPLAY: "delivery.replay_deadletter",
    LetterJob.Action.DROP: "delivery.drop_deadletter",
}
TURNS: dict[str, tuple[Callable[[LetterJob], Any], str]] = {
    "stop": (letter_jobs.stop, "Stopped; nothing more goes until you resume."),
    "resume": (letter_jobs.resume, "It goes on."),
    "undo": (letter_jobs.undo, "Undone: what had not gone yet is parked again."),
}
OF_STATE = {LetterJob.State.RUNNING: ("stop", "undo"), LetterJob.State.STOPPED: ("resume", "undo")}


@admin.register(LetterJob)
class LetterJobAdmin(Observed):
    """The jobs there were."""

    words_when_empty = "Nothing was replayed or dropped in bulk. That begins at Dead letters."
    list_display = ("what", "action", "shown_state", "of_total", "rate", "by", "why", "shown_at")
    list_filter = ("state", "action", "by")
    ordering = ("-id",)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        """One job's page instead of a form; what it polls; what can be done to it."""
        return [
            path("<int:pk>/change/", job, name="letter_job"),
            path("<int:pk>/progress.json", figures, name="letter_job_progress"),
            path("<int:pk>/<str:turn>/", turned, name="letter_job_turn"),
            *super().get_urls(),
        ]

    @display(description="state", ordering="state", label=STATE_COLOURS)
    def shown_state(self, row: LetterJob) -> str:
        return row.state

    @display(description="gone")
    def of_total(self, row: LetterJob) -> str:
        return f"{row.done:,} of {row.total:,}"


@needs("delivery.view_letterjob")
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, live."""
    row = get_object_or_404(LetterJob, pk=pk)
    turns = OF_STATE.get(LetterJob.State(row.state), ()) if request.user.has_perm(PERMISSION[row.action]) else ()
    shown = {"job": row, "progress": letter_jobs.progress(row), "at": moment(row.at), "turns": turns}
    return page(request, "job", f"{row.get_action_display().capitalize()}: {row.what}", **shown)


@needs("delivery.view_letterjob")
def figures(request: HttpRequest, pk: int) -> HttpResponse:
    """What its page polls."""
    return as_json(letter_jobs.progress(get_object_or_404(LetterJob, pk=pk)))


def turned(request: HttpRequest, pk: int, turn: str) -> HttpResponse:
    """Stops, resumes or undoes it."""
    if turn not in TURNS:
        raise Http404
    row = get_object_or_404(LetterJob, pk=pk)
    return needs(PERMISSION[row.action])(_turn)(request, row, turn)


@require_POST
def _turn(request: HttpRequest, row: LetterJob, turn: str) -> HttpResponse:
    act, says = TURNS[turn]
    doing(request, lambda: act(row), says)
    return HttpResponseRedirect(reverse("admin:letter_job", args=[row.pk]))
