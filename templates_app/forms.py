"""The admin's forms: channels as boxes, variables with examples as one writes them."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from foundation.errors import TemplateError
from templates_app.compiled import CompiledText
from templates_app.email_html import PLACE
from templates_app.models import CHANNELS, NotificationType, SharedHtml, Variable
from templates_app.sharing import freeze
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
        exclude = ("version", "template_version", "example")
        widgets = {
            "description": UnfoldAdminTextareaWidget(attrs={"rows": 2}),
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


class VariableForm(forms.ModelForm):
    """A variable. Its example is written as it reads: ord_1, 12.5, 2026-02-27; lists and groups as JSON."""

    example = forms.CharField(required=False, widget=UnfoldAdminTextInputWidget)

    class Meta:
        model = Variable
        fields = ("path", "kind", "required", "example", "description")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        value = self.instance.example
        if self.instance.pk and value is not None:
            self.initial["example"] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def clean_example(self) -> Any:
        """The text as a value of its kind; what can't be read as one stays a text, which the model then refuses."""
        text, kind = self.cleaned_data["example"].strip(), self.cleaned_data.get("kind")
        if not text:
            return None
        if kind in ("number", "integer", "boolean", "list", "object"):
            try:
                return json.loads({"yes": "true", "no": "false"}.get(text.lower(), text))
            except json.JSONDecodeError:
                return text
        return text


class SharedForm(forms.ModelForm):
    """A layout or a partial. What can't be compiled is told at its line."""

    class Meta:
        model = SharedHtml
        fields = ("kind", "name", "description", "source")
        widgets = {"source": UnfoldAdminTextareaWidget(attrs={"rows": 24, "spellcheck": "false"})}

    def clean(self) -> dict[str, Any]:
        """Refuses what no mail could use."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        source, kind = cleaned.get("source", ""), cleaned.get("kind")
        if kind == SharedHtml.Kind.LAYOUT and PLACE not in source:
            self.add_error("source", f"a layout needs {PLACE} where a mail's own HTML goes")
        elif source and kind:
            self._refuse_broken(source)
        return cleaned

    def _refuse_broken(self, source: str) -> None:
        (words,) = freeze([Words("email", "en", html=source)])
        try:
            CompiledText(words, name="shared", type_name="", version=0)
        except TemplateError as error:
            self.add_error("source", f"line {error.line}: {error.reason}" if error.line else error.reason)
