"""The suppression list's forms in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextInputWidget

from preferences.checked_fields import checked
from preferences.models import SUPPRESSIBLE, Suppression
from preferences.suppression import NOTE_MAX, Entry
from preferences.suppression import checked as checked_entry
from preferences.suppression_file import CSV, JSON_LINES

_FORMATS = {".csv": CSV, ".jsonl": JSON_LINES, ".ndjson": JSON_LINES}


class SuppressionForm(forms.ModelForm):
    """An address in the form it is compared in."""

    class Meta:
        model = Suppression
        fields = ("address", "channel", "reason", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "channel" in self.fields:
            self.fields["channel"].choices = SUPPRESSIBLE  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("address") and values.get("channel"):
            try:
                entry = checked(checked_entry, Entry(values["address"], values["channel"]))
                values["address"] = entry.address
            except forms.ValidationError as error:
                self.add_error("address", error)
        return values


class RemovalForm(forms.Form):
    """Why addresses may be used again."""

    note = forms.CharField(
        label="Why", max_length=NOTE_MAX, widget=UnfoldAdminTextInputWidget, help_text="Kept in the list's history."
    )


class ImportForm(forms.Form):
    """A list as a file."""

    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        help_text="CSV with the header address,channel,reason,note, or JSON lines (.jsonl) with the same names.",
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if self._suffix(file.name) not in _FORMATS:
            raise forms.ValidationError(f"A file's name ends in {', '.join(_FORMATS)}.")
        if file.size > settings.BATCH_REQUEST_MAX_BYTES:
            raise forms.ValidationError(f"The file is over {settings.BATCH_REQUEST_MAX_BYTES:,} bytes.")
        return file

    def content(self) -> bytes:
        """The file's bytes."""
        return self.cleaned_data["file"].read()

    def format(self) -> str:
        """The name of its format: csv or jsonl."""
        return _FORMATS[self._suffix(self.cleaned_data["file"].name)]

    @staticmethod
    def _suffix(name: str) -> str:
        return name[name.rfind(".") :].lower() if "." in name else ""
