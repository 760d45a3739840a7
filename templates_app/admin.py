"""Types, their variables, and what mails share, in the admin. Words are written in `templates_app.editor`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display

from foundation.errors import Refused, TemplateError
from templates_app.editor.urls import urls
from templates_app.forms import SharedForm, TypeForm, VariableForm
from templates_app.models import NotificationType, SharedHtml, TemplateVersion, Variable
from templates_app.publish_anew import publish_anew, users_of, waiting
from templates_app.security_rules import held_back, open_change, propose
from templates_app.variables.infer import infer
from templates_app.variables.rows import note_examples, set_variables

NOTE_MAX = 200
PRIORITY_COLOURS = {"critical": "danger", "high": "warning", "normal": "info", "low": "primary"}


class VariableInline(TabularInline):
    """What the type's events bring."""

    model = Variable
    form = VariableForm
    extra = 0
    hide_title = True


@admin.register(NotificationType)
class NotificationTypeAdmin(ModelAdmin):
    """The catalog: a type's rules and variables. Its words have an editor of their own."""

    words_when_empty = "No notification type yet: what services send, with its rules and words."
    form = TypeForm
    inlines = (VariableInline,)
    list_display = (
        "name",
        "category",
        "shown_priority",
        "shown_channels",
        "shown_rules",
        "shown_words",
    )
    list_filter = ("priority", "category", "mandatory", "marketing")
    search_fields = ("name", "category", "description")
    list_filter_submit = True
    list_select_related = ("draft",)
    change_form_outer_before_template = "templates_app/type_tabs.html"
    actions_list = ("translations",)
    actions_detail = ("variables_from_example",)
    fieldsets = (
        (None, {"fields": ("name", "category", "description", "priority", "channels", "default_locale")}),
        (
            "Rules",
            {"fields": ("mandatory", "two_factor", "marketing", "fallback", "dedupe_window_s", "expires_after_s")},
        ),
        ("SMS", {"fields": ("sms_countries",)}),
    )

    class Media:
        css = {"all": ("templates_app/editor.css",)}

    def get_urls(self) -> list[URLPattern]:
        """The editor's besides."""
        return [*urls(self.admin_site), *super().get_urls()]

    @display(description="priority", ordering="priority", label=PRIORITY_COLOURS)
    def shown_priority(self, row: NotificationType) -> str:
        """As a coloured label."""
        return row.priority

    @display(description="channels")
    def shown_channels(self, row: NotificationType) -> str:
        """In their order."""
        return ", ".join(row.channels)

    @display(description="rules")
    def shown_rules(self, row: NotificationType) -> str:
        """What is special about it."""
        words = {"mandatory": "mandatory", "two_factor": "2FA", "marketing": "marketing"}
        return ", ".join(word for name, word in words.items() if getattr(row, name))

    @display(description="words", ordering="template_version")
    def shown_words(self, row: NotificationType) -> SafeString:
        """The published version, whether somebody writes, and the way to the editor."""
        draft = getattr(row, "draft", None)
        state = f"version {row.template_version}" if row.template_version else "nothing published"
        words = f"Write · {state}, {'proposed' if draft.is_proposed else 'draft'}" if draft else f"Write · {state}"
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>',
            reverse("admin:templates_app_words", args=[row.pk]),
            words,
        )

    def get_readonly_fields(self, request: HttpRequest, obj: NotificationType | None = None) -> tuple[str, ...]:
        """A name stays: records on the log carry it."""
        return ("name",) if obj else ()

    def save_model(self, request: HttpRequest, obj: NotificationType, form: TypeForm, change: bool) -> None:
        """What makes it a security type, or no longer one, waits for a second person; the rest is saved."""
        wanted = held_back(obj)
        super().save_model(request, obj, form, change)
        if not wanted:
            return
        try:
            said = propose(obj, wanted, by=request.user.get_username()).said
        except Refused as refusal:
            messages.error(request, f"{refusal.detail} {refusal.remedy or ''}")
        else:
            messages.warning(request, f"Proposed: {said}. It holds once somebody else has approved it.")

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """With the change of its rules that waits."""
        kind = self.get_object(request, object_id)
        change = open_change(kind) if isinstance(kind, NotificationType) else None
        more = {
            "rule_change": change,
            "may_approve_rules": request.user.has_perm("templates_app.approve_template"),
            "is_own_rule_change": bool(change and change.proposed_by == request.user.get_username()),
        }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **more})

    def save_formset(self, request: HttpRequest, form: TypeForm, formset: BaseInlineFormSet, change: bool) -> None:
        """The variables' examples are the type's example."""
        super().save_formset(request, form, formset, change)
        note_examples(form.instance)

    def response_add(
        self, request: HttpRequest, obj: NotificationType, post_url_continue: str | None = None
    ) -> HttpResponse:
        """To the words: a type without any is nothing yet."""
        if "_addanother" in request.POST or "_continue" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        messages.success(request, f"{obj.name} is there. Now write its words, then publish them.")
        return HttpResponseRedirect(reverse("admin:templates_app_words", args=[obj.pk]))

    @action(description="Translations", icon="translate")
    def translations(self, request: HttpRequest) -> HttpResponse:
        """To the matrix."""
        return HttpResponseRedirect(reverse("admin:templates_app_translations"))

    def has_guess_permission(self, request: HttpRequest, object_id: int | str | None = None) -> bool:
        """Where there is an example and no variable yet."""
        kinds = NotificationType.objects.filter(pk=object_id or 0, variables=None).exclude(example={})
        return self.has_change_permission(request) and kinds.exists()

    @action(description="Variables from the example", permissions=["guess"])
    def variables_from_example(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """For a type whose example was there before its variables: guesses them, none of them required."""
        kind = NotificationType.objects.get(pk=object_id)
        set_variables(kind, infer(kind.example, required=False))
        messages.success(request, "Guessed from the example. Look at the kinds, and tick what is required.")
        return HttpResponseRedirect(reverse("admin:templates_app_notificationtype_change", args=[object_id]))


@admin.register(SharedHtml)
class SharedHtmlAdmin(ModelAdmin):
    """Layouts and partials of mails. Mails that are published keep the copy they were published with."""

    words_when_empty = "No layout or partial yet; emails use the built-in layout."
    form = SharedForm
    list_display = ("name", "kind", "description", "changed_at")
    list_filter = ("kind",)
    search_fields = ("name", "description", "source")
    actions = ("publish_anew",)

    def get_readonly_fields(self, request: HttpRequest, obj: SharedHtml | None = None) -> tuple[str, ...]:
        """Mails name it."""
        return ("kind", "name", "used_by") if obj else ()

    @display(description="used by")
    def used_by(self, row: SharedHtml) -> str:
        """The types whose published mails carry it."""
        return ", ".join(kind.name for kind in users_of([row])) or "no published mail"

    def has_publish_anew_permission(self, request: HttpRequest) -> bool:
        """As publishing itself."""
        return request.user.has_perm("templates_app.publish_template")

    @action(description="Publish anew the types that use them", permissions=["publish_anew"])
    def publish_anew(self, request: HttpRequest, rows: QuerySet[SharedHtml]) -> None:
        """Their words stay; they take the layout or partial as it is now. All of them, or none."""
        by, names = request.user.get_username(), ", ".join(str(row) for row in rows)
        try:
            with transaction.atomic():
                done = publish_anew(users_of(rows), by=by, note=f"{names} changed"[:NOTE_MAX])
        except Refused as refusal:
            messages.error(request, f"{refusal.detail} {refusal.remedy or ''}")
        except TemplateError as error:
            messages.error(request, f"Nothing is published: {error}")
        else:
            proposed = waiting(done)
            more = f", {proposed} of them proposed to a second person" if proposed else ""
            messages.success(request, f"{len(done)} types are published anew{more}. What is in flight keeps its own.")


@admin.register(TemplateVersion)
class TemplateVersionAdmin(ModelAdmin):
    """Everything that was published: who, when, why. The way back is in each type's own history."""

    words_when_empty = "Nothing was published yet."
    list_display = ("type", "number", "published_at", "author", "approved_by", "note", "is_published", "shown_texts")
    list_filter = ("type", "author")
    list_select_related = ("type",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateVersion]:
        """Without those that were made for tests."""
        return super().get_queryset(request).filter(is_test=False).annotate(text_count=Count("texts"))

    @display(description="published", boolean=True)
    def is_published(self, row: TemplateVersion) -> bool:
        """Whether it is the one that new notifications get."""
        return row.number == row.type.template_version

    @display(description="texts")
    def shown_texts(self, row: Any) -> int:
        """How many texts it holds."""
        return int(row.text_count)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Versions are made by publishing."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: TemplateVersion | None = None) -> bool:
        """Never changed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TemplateVersion | None = None) -> bool:
        """Only together with their type: what is in flight needs them."""
        return "/notificationtype/" in request.path and super().has_delete_permission(request, obj)
