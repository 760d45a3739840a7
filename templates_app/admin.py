"""Types and templates in the admin. Saving words publishes a new version; old ones stay in the history."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from templates_app.forms import TextForm, TypeForm
from templates_app.models import NotificationType, TemplateText, TemplateVersion
from templates_app.preview import preview
from templates_app.publish import publish, published, words_of
from templates_app.words import Words

PRIORITY_COLOURS = {"critical": "danger", "high": "warning", "normal": "info", "low": "primary"}


@admin.register(NotificationType)
class NotificationTypeAdmin(ModelAdmin):
    """The catalog."""

    form = TypeForm
    list_display = (
        "name",
        "category",
        "shown_priority",
        "shown_channels",
        "mandatory",
        "marketing",
        "template_version",
    )
    list_filter = ("priority", "category", "mandatory", "marketing")
    search_fields = ("name", "category", "description")
    readonly_fields = ("texts",)
    list_filter_submit = True
    fieldsets = (
        (None, {"fields": ("name", "category", "description", "priority", "channels", "texts")}),
        (
            "Rules",
            {"fields": ("mandatory", "two_factor", "marketing", "fallback", "dedupe_window_s", "expires_after_s")},
        ),
        ("SMS", {"fields": ("sms_countries",)}),
        ("Rendering", {"fields": ("default_locale", "example")}),
    )

    @display(description="priority", ordering="priority", label=PRIORITY_COLOURS)
    def shown_priority(self, row: NotificationType) -> str:
        """As a coloured label."""
        return row.priority

    @display(description="channels")
    def shown_channels(self, row: NotificationType) -> str:
        """In their order."""
        return ", ".join(row.channels)

    @display(description="templates")
    def texts(self, row: NotificationType) -> SafeString | str:
        """Links to the published words, and one to add more."""
        if not row.pk:
            return "Save the type first, then write its words."
        rows = TemplateText.objects.filter(version__type=row, version__number=row.template_version)
        links = [(reverse("admin:templates_app_templatetext_change", args=[t.pk]), t.channel, t.locale) for t in rows]
        add = reverse("admin:templates_app_templatetext_add") + f"?type={row.pk}"
        shown = format_html_join(" · ", '<a class="text-primary-600" href="{}">{} {}</a>', links)
        return format_html('{} · <a class="text-primary-600" href="{}">add…</a>', shown, add)

    def get_readonly_fields(self, request: HttpRequest, obj: NotificationType | None = None) -> tuple[str, ...]:
        """A name stays: records on the log carry it."""
        return ("texts", "name") if obj else ("texts",)


@admin.register(TemplateText)
class TemplateTextAdmin(ModelAdmin):
    """The published words, one row a channel and language, with a live preview beside the form."""

    form = TextForm
    list_display = ("shown_type", "channel", "locale", "title", "shown_version")
    list_filter = ("channel", "locale", "version__type__category")
    search_fields = ("version__type__name", "title", "body")
    list_select_related = ("version__type",)
    change_form_after_template = "templates_app/preview.html"
    fieldsets = (
        (None, {"fields": ("type", "channel", "locale")}),
        ("Words", {"fields": ("title", "body", "html", "action_url", "image", "data_template", "note")}),
    )

    class Media:
        js = ("templates_app/preview.js",)
        css = {"all": ("templates_app/preview.css",)}

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateText]:
        """Published words; an older row can still be opened by who had it open, to be told so."""
        rows = super().get_queryset(request).select_related("version__type")
        if request.resolver_match and request.resolver_match.url_name == "templates_app_templatetext_changelist":
            return rows.filter(version__number=F("version__type__template_version"))
        return rows

    def get_urls(self) -> list[URLPattern]:
        """The preview besides."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="templates_app_templatetext_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> Any:
        """What the form's words yield; for those who may change templates."""
        if request.method != "POST" or not self.has_change_permission(request):
            return self.admin_site.login(request)
        return preview(request)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The type that the link names."""
        return {"type": request.GET.get("type")}

    @display(description="type", ordering="version__type__name")
    def shown_type(self, row: TemplateText) -> str:
        """The type's name."""
        return row.version.type.name

    @display(description="version", ordering="version__number")
    def shown_version(self, row: TemplateText) -> int:
        """The published number."""
        return row.version.number

    def save_model(self, request: HttpRequest, obj: TemplateText, form: TextForm, change: bool) -> None:
        """Publishes the type's words with these in their place."""
        kind, words = form.cleaned_data["type"], form.words()
        before = published(kind)
        if words in before:
            return
        version = publish(
            kind, [*_others(before, words), words], author=request.user.get_username(), note=form.cleaned_data["note"]
        )
        row = version.texts.get(channel=words.channel, locale=words.locale)
        obj.pk, obj.version = row.pk, version
        messages.info(request, f"Published as version {version.number}; what is in flight keeps its own.")

    def delete_model(self, request: HttpRequest, obj: TemplateText) -> None:
        """Publishes the type's words without these."""
        kind = obj.version.type
        publish(
            kind, _others(published(kind), words_of(obj)), author=request.user.get_username(), note=f"without {obj}"
        )

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TemplateText]) -> None:
        """As `delete_model`, one version for each."""
        for row in queryset:
            row.version.type.refresh_from_db()
            self.delete_model(request, row)


@admin.register(TemplateVersion)
class TemplateVersionAdmin(ModelAdmin):
    """The history: who published what, and the way back."""

    list_display = ("type", "number", "published_at", "author", "note", "is_published")
    list_filter = ("type",)
    list_select_related = ("type",)
    actions = ("publish_again",)

    @display(description="published", boolean=True)
    def is_published(self, row: TemplateVersion) -> bool:
        """Whether it is the one that new notifications get."""
        return row.number == row.type.template_version

    @action(description="Publish again")
    def publish_again(self, request: HttpRequest, queryset: QuerySet[TemplateVersion]) -> None:
        """Publishes the words of each chosen version anew, as the next number."""
        for version in queryset.order_by("number"):
            texts = [words_of(row) for row in version.texts.all()]
            note = f"version {version.number} again"
            number = publish(version.type, texts, author=request.user.get_username(), note=note).number
            messages.success(request, f"{version} is published again, as version {number}.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Versions are made by saving words."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: TemplateVersion | None = None) -> bool:
        """Never changed; the action only needs the right to view."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: TemplateVersion | None = None) -> bool:
        """Only together with their type: what is in flight needs them."""
        return "/notificationtype/" in request.path and super().has_delete_permission(request, obj)


def _others(texts: list[Words], words: Words) -> list[Words]:
    return [each for each in texts if (each.channel, each.locale) != (words.channel, words.locale)]
