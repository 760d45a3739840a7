"""The admin's forms: channels as boxes, and a template's mistakes shown at the field, with their line."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from foundation.errors import TemplateError
from templates_app.models import CHANNELS, NotificationType, TemplateText
from templates_app.publish import published, refuse_broken
from templates_app.words import Words


class ChannelsField(forms.MultipleChoiceField):
    """Boxes for the channels; those that were ticked before keep their order."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=CHANNELS, widget=UnfoldAdminCheckboxSelectMultipleWidget, **kwargs)


class TypeForm(forms.ModelForm):
    """A type's rules."""

    channels = ChannelsField(help_text="Where it goes unless a request or a user says otherwise.")

    class Meta:
        model = NotificationType
        exclude = ("version", "template_version")
        widgets = {
            "description": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
            "example": UnfoldAdminTextareaWidget(attrs={"rows": 6, "spellcheck": "false"}),
            "sms_countries": UnfoldAdminTextInputWidget,
        }

    def clean_channels(self) -> list[str]:
        """The ticked channels, old ones first and in their order."""
        ticked = self.cleaned_data["channels"]
        before = [name for name in self.instance.channels or [] if name in ticked]
        return before + [name for name in ticked if name not in before]

    def clean_sms_countries(self) -> list[str]:
        """An emptied field is the setting's again."""
        return self.cleaned_data["sms_countries"] or []


class TextForm(forms.ModelForm):
    """One channel's words in one language. Saving publishes a new version of the type's words."""

    type = forms.ModelChoiceField(NotificationType.objects.all(), widget=UnfoldAdminSelectWidget)
    note = forms.CharField(
        required=False, max_length=200, widget=UnfoldAdminTextInputWidget, help_text="What changed, for the history."
    )

    class Meta:
        model = TemplateText
        exclude = ("version",)
        widgets = {
            **{name: UnfoldAdminTextInputWidget for name in ("title", "action_url", "image")},
            "body": UnfoldAdminTextareaWidget(attrs={"rows": 6}),
            "html": UnfoldAdminTextareaWidget(attrs={"rows": 14, "spellcheck": "false"}),
            "data_template": UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["type"].initial = self.instance.version.type_id
            for name in ("type", "channel", "locale"):
                self.fields[name].disabled = True

    def words(self) -> Words:
        """What was filled in, as plain values."""
        fields = {name: self.cleaned_data.get(name) or "" for name in TemplateText.WORDS[:-1]}
        data = self.cleaned_data.get("data_template") or {}
        return Words(self.cleaned_data["channel"], self.cleaned_data["locale"], **fields, data_template=data)

    def clean(self) -> dict[str, Any]:
        """Refuses what can't be compiled, and to write over what somebody else has published meanwhile."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not {"type", "channel", "locale"} <= set(cleaned):
            return cleaned
        try:
            refuse_broken(self.words(), cleaned["type"].name)
        except TemplateError as error:
            self.add_error(field_of(error), f"line {error.line}: {error.reason}" if error.line else error.reason)
        self._refuse_conflict(cleaned["type"])
        return cleaned

    def _refuse_conflict(self, kind: NotificationType) -> None:
        at = (self.cleaned_data["channel"], self.cleaned_data["locale"])
        current = {(words.channel, words.locale): words for words in published(kind)}.get(at)
        if not self.instance.pk and current:
            self.add_error("locale", "there is such a template already; change that one")
        if self.instance.pk and current != self._as_opened():
            self.add_error(None, "Somebody has published other words meanwhile. Keep yours aside and open it again.")

    def _as_opened(self) -> Words:
        row = TemplateText.objects.get(pk=self.instance.pk)
        return Words(row.channel, row.locale, **{field: getattr(row, field) for field in TemplateText.WORDS})


def field_of(error: TemplateError) -> str:
    """The form's field that a template error is about; its name is the last word of the template's."""
    field = error.template.rpartition(" ")[2].partition(".")[0]
    return "data_template" if field == "data" else field
