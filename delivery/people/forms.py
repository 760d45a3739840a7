"""Forms of a user's page."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget

NOTE_MAX = 300


class EraseForm(forms.Form):
    """An erasure can't be undone: whoever asks for one writes the user id."""

    typed = forms.CharField(label="User id", max_length=128, widget=UnfoldAdminTextInputWidget)
    note = forms.CharField(
        label="Why",
        max_length=NOTE_MAX,
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="A ticket, a date. It stays on the receipt, so write nothing about the person.",
    )

    def __init__(self, *args: Any, user_id: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user_id = user_id
        self.fields["typed"].help_text = f"Write {user_id} to confirm."

    def clean_typed(self) -> str:
        if self.cleaned_data["typed"].strip() != self.user_id:
            raise forms.ValidationError(f"This isn't {self.user_id}. Nothing was erased.")
        return self.user_id
