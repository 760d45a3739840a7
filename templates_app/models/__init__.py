"""Notification types, and the versioned words that go with them.

What a template says changes only by a new version: what was accepted keeps the words it was accepted under
(contract §3, "type and template versions as of acceptance"). `templates_app.publish` makes versions.
"""

from templates_app.models.drafts import Draft, DraftText
from templates_app.models.names import CatalogName
from templates_app.models.rule_changes import RuleChange
from templates_app.models.shared import SharedHtml
from templates_app.models.texts import CHANNELS
from templates_app.models.types import NAME, NotificationType
from templates_app.models.variables import Variable
from templates_app.models.versions import TemplateText, TemplateVersion

__all__ = [
    "CHANNELS",
    "NAME",
    "CatalogName",
    "Draft",
    "DraftText",
    "NotificationType",
    "RuleChange",
    "SharedHtml",
    "TemplateText",
    "TemplateVersion",
    "Variable",
]
