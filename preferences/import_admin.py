"""Imports in the admin: a file is sent in pieces, its columns are looked at, then it runs behind a progress bar."""

from __future__ import annotations

from typing import Any

from auditlog.models import LogEntry
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget

from foundation.errors import PlatformError, Refused
from foundation.redis import Unreachable as RedisUnreachable
from preferences.imports import jobs, mapping, results
from preferences.imports.parts import PART_BYTES
from preferences.imports.reading import CSV_SUFFIXES, JSON_SUFFIXES
from preferences.models import PeopleImport, StaticList

COLOURS = {"Done": "success", "Running": "info", "Paused": "warning", "Cancelled": "danger"}
PARTS_MAX = 4_096
FILE_ATTRIBUTES = {"id": "np-file", "required": True, "accept": ",".join((*CSV_SUFFIXES, *JSON_SUFFIXES))}
STEERED = {"pause": PeopleImport.State.PAUSED, "resume": PeopleImport.State.RUNNING, "cancel": "cancelled"}


@admin.register(PeopleImport)
class PeopleImportAdmin(ModelAdmin):
    """Imports of users for who may import users; files that fill a static list for who may change lists."""

    words_when_empty = "No file was imported yet. Nothing is taken in before you have seen what would be."
    list_display = ("file_name", "shown_state", "to_list", "rows", "by", "created_at", "finished_at")
    list_filter = ("state",)
    search_fields = ("file_name", "by")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Of one: what it asks for. Of none: whether there can be any."""
        if obj is not None:
            return _may(request, fills=obj.to_list_id is not None)
        return _may(request, fills=True) or _may(request, fills=False)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PeopleImport]:
        """Those one may look at; who may look at none is refused, not told that there are none."""
        rows = super().get_queryset(request)
        fills, registers = _may(request, fills=True), _may(request, fills=False)
        return rows if fills == registers else rows.exclude(to_list=None) if fills else rows.filter(to_list=None)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @display(description="State", ordering="state", label=COLOURS)
    def shown_state(self, job: PeopleImport) -> str:
        return job.get_state_display()

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        pages = [
            ("begin/", self.begin, "begin"),
            ("<int:key>/part/", self.part, "part"),
            ("<int:key>/columns/", self.columns, "columns"),
            ("<int:key>/progress/", self.progress, "progress"),
            ("<int:key>/steer/", self.steer, "steer"),
            ("<int:key>/bad.csv", self.bad, "bad"),
        ]
        return [
            *(path(at, wrap(view), name=f"preferences_import_{name}") for at, view, name in pages),
            *super().get_urls(),
        ]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> Any:
        """Where a file is chosen."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        registers = _may(request, fills=False)
        lists = StaticList.objects.order_by("name") if _may(request, fills=True) else StaticList.objects.none()
        return self._page(
            request,
            "upload",
            title="Import users" if registers else "Put users on a list",
            registers=registers,
            file=UnfoldAdminFileFieldWidget().render("file", None, FILE_ATTRIBUTES),
            lists=lists,
            part_bytes=PART_BYTES,
            chosen=request.GET.get("list", ""),
        )

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> Any:
        """An import as it is now: its columns, or how far it is."""
        job = self._job(request, int(object_id) if object_id.isdecimal() else 0)
        if job.state in (PeopleImport.State.UPLOADING, PeopleImport.State.MAPPING):
            return self._columns_page(request, job, job.mapping)
        return self._page(request, "running", title=job.file_name, job=job, progress=results.progress(job))

    def begin(self, request: HttpRequest) -> HttpResponse:
        """A new import, whose parts are to come: {"id", "part", "done"}."""
        chosen = request.POST.get("list", "")
        if request.method != "POST" or not _may(request, fills=bool(chosen)):
            raise PermissionDenied
        to_list = StaticList.objects.filter(pk=chosen).first() if chosen.isdecimal() else None
        if chosen and to_list is None:
            return JsonResponse({"problem": "That list isn't there any more."}, status=400)
        job = jobs.upload(
            request.POST.get("name", "")[:200] or "file.csv", by=request.user.get_username(), to_list=to_list
        )
        return JsonResponse({"part": reverse("admin:preferences_import_part", args=[job.pk])})

    def part(self, request: HttpRequest, key: int) -> HttpResponse:
        """One piece of the file; with `last` the file is read, and the answer says where to go on."""
        job = self._job(request, key, post=True)
        number = request.GET.get("number", "")
        if not number.isdecimal() or int(number) >= PARTS_MAX:
            return JsonResponse({"problem": "The file is too large."}, status=400)
        try:
            jobs.add_part(job, int(number), request.body)
            if "last" in request.GET:
                jobs.finish_upload(job, int(number) + 1)
        except (PlatformError, *RedisUnreachable) as error:
            return JsonResponse({"problem": _words(error)}, status=400)
        return JsonResponse({"next": reverse("admin:preferences_peopleimport_change", args=[job.pk])})

    def columns(self, request: HttpRequest, key: int) -> HttpResponse:
        """The first rows under the columns as chosen (htmx), or the start."""
        job = self._job(request, key, post=True)
        chosen = self._chosen(request, job)
        if "start" not in request.POST:
            return self._preview(request, job, chosen)
        try:
            jobs.start(job, chosen)
        except PlatformError as error:
            return self._columns_page(request, job, chosen, problem=_words(error))
        self._note(request, job, f"Started with {job.rows:,} rows.", was=PeopleImport.State.MAPPING)
        return HttpResponseRedirect(reverse("admin:preferences_peopleimport_change", args=[job.pk]))

    def progress(self, request: HttpRequest, key: int) -> HttpResponse:
        """The bar, asked for each second while it runs."""
        job = self._job(request, key)
        return render(request, "preferences/import/progress.html", {"job": job, "progress": results.progress(job)})

    def steer(self, request: HttpRequest, key: int) -> HttpResponse:
        """Pause, resume, cancel."""
        job = self._job(request, key, post=True)
        act = request.POST.get("act", "")
        if act in STEERED and jobs.steer(job, STEERED[act]):
            was, job.state = job.state, STEERED[act]
            self._note(request, job, f"{act.capitalize()}.", was=was)
        return HttpResponseRedirect(reverse("admin:preferences_peopleimport_change", args=[job.pk]))

    def bad(self, request: HttpRequest, key: int) -> StreamingHttpResponse:
        """The rows that weren't taken, to be mended and sent again."""
        job = self._job(request, key)
        headers = {"Content-Disposition": f'attachment; filename="not-taken-{job.pk}.csv"', "Cache-Control": "no-store"}
        return StreamingHttpResponse(results.bad_file(job), content_type="text/csv; charset=utf-8", headers=headers)

    def _columns_page(
        self, request: HttpRequest, job: PeopleImport, chosen: Any, problem: str = ""
    ) -> TemplateResponse:
        rows = [(column, chosen.get(column, "")) for column in job.header]
        aims = [("", "leave it out"), *mapping.FIELDS.items()]
        context = {"job": job, "columns": rows, "aims": aims, "problem": problem, **_previewed(job, chosen)}
        return self._page(request, "columns", title=job.file_name, **context)

    def _preview(self, request: HttpRequest, job: PeopleImport, chosen: dict[str, str]) -> HttpResponse:
        return render(request, "preferences/import/preview.html", {"job": job, **_previewed(job, chosen)})

    def _chosen(self, request: HttpRequest, job: PeopleImport) -> dict[str, str]:
        return {column: request.POST.get(f"column-{at}", "") for at, column in enumerate(job.header)}

    def _job(self, request: HttpRequest, key: int, *, post: bool = False) -> PeopleImport:
        if not self.has_view_permission(request) or (post and request.method != "POST"):
            raise PermissionDenied
        job = PeopleImport.objects.filter(pk=key).select_related("to_list").first()
        if job is None:
            raise Http404("There is no such import.")
        if not self.has_view_permission(request, job):
            raise PermissionDenied
        return job

    def _note(self, request: HttpRequest, job: PeopleImport, words: str, *, was: str) -> None:
        """Its state is changed past the model, so the audit trail is told here."""
        self.log_change(request, job, words)
        changed = {"state": [str(was), str(job.state)]}
        LogEntry.objects.log_create(job, force_log=True, action=LogEntry.Action.UPDATE, changes=changed)

    def _page(self, request: HttpRequest, name: str, **context: Any) -> TemplateResponse:
        everywhere = {**self.admin_site.each_context(request), "opts": self.opts}
        return TemplateResponse(request, f"preferences/import/{name}.html", {**everywhere, **context})


def _may(request: HttpRequest, *, fills: bool) -> bool:
    """Filling a list registers and changes nobody, so it asks for less."""
    return bool(request.user.has_perm("preferences.change_staticlist" if fills else "preferences.import_users"))


def _previewed(job: PeopleImport, chosen: dict[str, str]) -> dict[str, Any]:
    try:
        used = mapping.checked(job.header, chosen, only_ids=job.to_list is not None)
    except Refused as error:
        return {"why_not": _words(error), "rows": []}
    return {"why_not": "", "rows": jobs.preview(job, used)}


def _words(error: BaseException) -> str:
    return f"{error.detail} {error.remedy or ''}".strip() if isinstance(error, Refused) else f"Not now: {error}"
